# SPDX-License-Identifier: Apache-2.0
# Every Lambda resource of the AWS provider that lambd has. changed = true changes one argument of each.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" {
  type = string
}

variable "package" {
  type = string
}

variable "changed" {
  type    = bool
  default = false
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true

  endpoints {
    lambda = var.endpoint
  }
}

locals {
  account = "000000000000"
  prefix  = "terraform-all"
}

resource "aws_lambda_layer_version" "first" {
  layer_name          = "${local.prefix}-layer"
  filename            = var.package
  source_code_hash    = filebase64sha256(var.package)
  compatible_runtimes = ["python3.12"]
  description         = var.changed ? "changed" : "first"
  license_info        = "MIT"
}

resource "aws_lambda_layer_version_permission" "other_account" {
  layer_name     = aws_lambda_layer_version.first.layer_name
  version_number = aws_lambda_layer_version.first.version
  principal      = "111122223333"
  action         = "lambda:GetLayerVersion"
  statement_id   = var.changed ? "changed" : "other-account"
}

resource "aws_lambda_code_signing_config" "warn" {
  description = var.changed ? "changed" : "first"

  allowed_publishers {
    signing_profile_version_arns = ["arn:aws:signer:us-east-1:${local.account}:/signing-profiles/p/abcdefghij"]
  }

  policies {
    untrusted_artifact_on_deployment = "Warn"
  }
}

resource "aws_lambda_function" "all" {
  function_name                  = local.prefix
  role                           = "arn:aws:iam::${local.account}:role/lambda"
  runtime                        = "python3.12"
  handler                        = "app.handler"
  filename                       = var.package
  source_code_hash               = filebase64sha256(var.package)
  architectures                  = ["x86_64"]
  code_signing_config_arn        = aws_lambda_code_signing_config.warn.arn
  description                    = var.changed ? "changed" : "first"
  layers                         = [aws_lambda_layer_version.first.arn]
  memory_size                    = 256
  publish                        = true
  reserved_concurrent_executions = var.changed ? 20 : 10
  timeout                        = 10

  dead_letter_config {
    target_arn = "arn:aws:sqs:us-east-1:${local.account}:dead"
  }

  environment {
    variables = { GREETING = var.changed ? "changed" : "first" }
  }

  ephemeral_storage {
    size = 1024
  }

  logging_config {
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = var.changed ? "DEBUG" : "WARN"
  }

  tracing_config {
    mode = "PassThrough"
  }

  tags = { managed-by = "terraform", changed = tostring(var.changed) }
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = var.changed ? "changed" : "first"
  function_name    = aws_lambda_function.all.function_name
  function_version = aws_lambda_function.all.version
}

resource "aws_lambda_alias" "weighted" {
  name             = "weighted"
  function_name    = aws_lambda_function.all.function_name
  function_version = "1"

  dynamic "routing_config" {
    for_each = var.changed ? [aws_lambda_function.all.version] : []
    content {
      additional_version_weights = { (routing_config.value) = 0.25 }
    }
  }
}

resource "aws_lambda_permission" "bucket" {
  statement_id   = "bucket"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.all.function_name
  qualifier      = aws_lambda_alias.live.name
  principal      = "s3.amazonaws.com"
  source_arn     = var.changed ? "arn:aws:s3:::changed" : "arn:aws:s3:::first"
  source_account = local.account
}

resource "aws_lambda_function_url" "live" {
  function_name      = aws_lambda_function.all.function_name
  qualifier          = aws_lambda_alias.live.name
  authorization_type = "NONE"
  invoke_mode        = "BUFFERED"

  cors {
    allow_credentials = true
    allow_origins     = ["https://example.com"]
    allow_methods     = ["GET"]
    allow_headers     = ["date"]
    expose_headers    = ["keep-alive"]
    max_age           = var.changed ? 86400 : 3600
  }
}

resource "aws_lambda_function_event_invoke_config" "live" {
  function_name                = aws_lambda_function.all.function_name
  qualifier                    = aws_lambda_alias.live.name
  maximum_event_age_in_seconds = var.changed ? 120 : 60
  maximum_retry_attempts       = 0

  destination_config {
    on_failure {
      destination = "arn:aws:sqs:us-east-1:${local.account}:failed"
    }
  }
}

resource "aws_lambda_provisioned_concurrency_config" "live" {
  function_name                     = aws_lambda_function.all.function_name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = var.changed ? 2 : 1
}

resource "aws_lambda_event_source_mapping" "queue" {
  event_source_arn                   = "arn:aws:sqs:us-east-1:${local.account}:queue"
  function_name                      = aws_lambda_alias.live.arn
  batch_size                         = var.changed ? 5 : 10
  maximum_batching_window_in_seconds = 1
  function_response_types            = ["ReportBatchItemFailures"]
  tags                               = { managed-by = "terraform" }

  filter_criteria {
    filter {
      pattern = jsonencode({ body = { kind = ["order"] } })
    }
  }

  scaling_config {
    maximum_concurrency = 2
  }
}

resource "aws_lambda_event_source_mapping" "stream" {
  event_source_arn               = "arn:aws:kinesis:us-east-1:${local.account}:stream/stream"
  function_name                  = aws_lambda_function.all.arn
  starting_position              = "LATEST"
  maximum_retry_attempts         = var.changed ? 3 : 2
  bisect_batch_on_function_error = true
  parallelization_factor         = 2
}

resource "aws_lambda_runtime_management_config" "all" {
  function_name     = aws_lambda_function.all.function_name
  update_runtime_on = var.changed ? "FunctionUpdate" : "Auto"
}

resource "aws_lambda_function_recursion_config" "all" {
  function_name  = aws_lambda_function.all.function_name
  recursive_loop = var.changed ? "Allow" : "Terminate"
}
