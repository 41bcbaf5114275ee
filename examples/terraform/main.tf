# SPDX-License-Identifier: Apache-2.0
# A function managed by Terraform's AWS provider, against lambd.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" {
  description = "where lambd listens"
  type        = string
  default     = "http://127.0.0.1:4566"
}

variable "package" {
  description = "the zip with the code"
  type        = string
}

variable "greeting" {
  type    = string
  default = "hello"
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

resource "aws_lambda_function" "example" {
  function_name    = "terraform-example"
  role             = "arn:aws:iam::000000000000:role/lambda"
  runtime          = "python3.12"
  handler          = "app.handler"
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  timeout          = 10
  memory_size      = 256

  environment {
    variables = { GREETING = var.greeting }
  }

  tags = { managed-by = "terraform" }
}

output "arn" {
  value = aws_lambda_function.example.arn
}
