# SPDX-License-Identifier: Apache-2.0
"""Where the running service differs from its published model, each with the reason.

Only facts that were observed (spec/api-errors.md, spec/api-functions.md) belong here. The generator
refuses an override that names something the model no longer has.
"""

REGION = r"(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}"

NAMESPACED_NAME = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?(" + REGION + r":)?(\d{12}:)?(function:)?"
    r"([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
PLAIN_NAME = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?(" + REGION + r":)?(\d{12}:)?(function:)?"
    r"([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)
UNQUALIFIED_NAME = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?(" + REGION + r":)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)"
)
LAYER_VERSION_ARN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:" + REGION + r":\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)"
    r"|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)"
)
TAGGABLE = (
    r"arn:(aws[a-zA-Z-]*):lambda:" + REGION + r":\d{12}:"
    r"(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)"
    r"|code-signing-config:csc-[a-z0-9]{17}"
    r"|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}"
    r"-[0-9a-fA-F]{12}|capacity-provider:[a-zA-Z0-9-_]+)"
)
DESTINATION = (
    r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:"
    r"(" + REGION + r")?:(\d{12})?:(.*)"
)

# What the service prints for a list of runtimes: the runtimes that can be used today, in the order
# of a hash set (recorded January 2026).
USABLE_RUNTIMES = (
    "nodejs20.x python3.14 provided.al2023 python3.12 python3.13 nodejs24.x nodejs22.x java25 "
    "python3.10 python3.11 java21 ruby3.3 ruby3.4 ruby3.2 python3.8 python3.9 java17 nodejs16.x "
    "dotnet10 dotnet8 java11 dotnet6 nodejs18.x provided.al2 java8.al2"
).split()

# What it prints for the filter of ListLayers and ListLayerVersions: everything there ever was.
ALL_RUNTIMES = (
    "ruby3.5 ruby2.6 dotnetcore1.0 python3.7 nodejs8.10 nasa ruby2.7 python2.7-greengrass "
    "dotnetcore2.0 python3.8 java21 dotnet6 dotnetcore2.1 python3.9 java11 nodejs6.10 provided "
    "dotnetcore3.1 dotnet8 java25 java17 nodejs nodejs4.3 java8.al2 go1.x dotnet10 nodejs20.x "
    "go1.9 byol nodejs10.x provided.al2023 nodejs22.x python3.10 java8 nodejs12.x python3.11 nodejs24.x "
    "nodejs8.x python3.12 nodejs14.x nodejs8.9 nodejs26.x python3.13 python3.14 nodejs16.x "
    "python3.15 provided.al2 nodejs4.3-edge nodejs18.x ruby3.2 python3.4 ruby3.3 ruby3.4 ruby2.5 "
    "python3.6 python2.7"
).split()

# What is accepted all the same, without being printed: retired runtimes in a layer's list, and those
# that came after the texts were recorded.
RETIRED_RUNTIMES = (
    "nodejs nodejs4.3 nodejs4.3-edge nodejs6.10 nodejs8.10 nodejs10.x nodejs12.x nodejs14.x "
    "python2.7 python3.6 python3.7 java8 dotnetcore1.0 dotnetcore2.0 dotnetcore2.1 dotnetcore3.1 "
    "go1.x ruby2.5 ruby2.7 provided"
).split()
NEW_RUNTIMES = "ruby4.0 java8.al2023 java11.al2023 java17.al2023".split()
NEW_USABLE_RUNTIMES = NEW_RUNTIMES + "nodejs26.x python3.15".split()

LAMBDA = {
    # Constraints of a shape. None removes one.
    "shapes": {
        # The service knows the region prefix of the European sovereign cloud; a pattern error hides
        # the length error of the same name.
        "NamespacedFunctionName": {"pattern": NAMESPACED_NAME, "pattern_alone": True},
        "FunctionName": {"pattern": PLAIN_NAME},
        "UnqualifiedFunctionName": {"pattern": UNQUALIFIED_NAME},
        "LayerVersionArn": {"max": 2048, "min": 1, "pattern": LAYER_VERSION_ARN},
        "TaggableResource": {"pattern": TAGGABLE},
        "DestinationArn": {"pattern": DESTINATION},
        # Not in the model, but enforced and printed.
        "SubnetId": {"max": 1024, "min": 0, "pattern": "subnet-[0-9a-z]*"},
        "SecurityGroupId": {"max": 1024, "min": 0, "pattern": "sg-[0-9a-zA-Z]*"},
        "SubnetIds": {"sparse": True},
        "SecurityGroupIds": {"sparse": True},
        # The order in which the service prints them.
        "RecursiveLoop": {"enum": ["Terminate", "Allow"]},
        "InvokeMode": {"enum": ["RESPONSE_STREAM", "BUFFERED"]},
        "EventSourcePosition": {"enum": ["LATEST", "AT_TIMESTAMP", "TRIM_HORIZON"]},
        # 32768 is for functions on managed instances, which the handler would have to tell apart.
        "MemorySize": {"max": 10240},
        # 15 minutes; the model lost the bound when durable functions came.
        "Timeout": {"max": 900},
        # `runtime` of a function has a text of its own, which is no ValidationException.
        "Runtime": {"enum": None},
        # A wrong runtime in the list is reported with the bare enum text.
        "CompatibleRuntimes": {"member": "UsableRuntime", "element_text": True},
    },
    # Shapes that exist only to carry another constraint.
    "new_shapes": {
        "UsableRuntime": {
            "type": "string",
            "enum": USABLE_RUNTIMES,
            "enum_silent": RETIRED_RUNTIMES + NEW_USABLE_RUNTIMES,
        },
        "RuntimeFilter": {"type": "string", "enum": ALL_RUNTIMES, "enum_silent": NEW_RUNTIMES},
    },
    # Members that have another shape.
    "members": {
        ("ListLayersRequest", "CompatibleRuntime"): "RuntimeFilter",
        ("ListLayerVersionsRequest", "CompatibleRuntime"): "RuntimeFilter",
    },
    "operations": {
        # The model says 200; the service answers 204.
        "DeleteFunction": {"status": 204},
        # Whole request, documented and enforced.
        "CreateFunction": {"body_max": 70167211},
        "UpdateFunctionCode": {"body_max": 70167211},
        "PublishLayerVersion": {"body_max": 70167211},
        # Carries operation payloads of up to 6 MB inside its document.
        "CheckpointDurableExecution": {"body_max": 6291456},
        # The text of the synchronous limit calls the operation by its IAM name. The payload has to
        # be JSON, although the model has a blob.
        "Invoke": {
            "body_max": 6291456,
            "limit_name": "InvokeFunction",
            "payload_fault": "InvalidRequestContentException",
        },
        "InvokeAsync": {
            "body_max": 1048576,
            "payload_fault": "InvalidRequestContentException",
        },
        "InvokeWithResponseStream": {
            "body_max": 6291456,
            "limit_name": "InvokeFunction",
            "payload_fault": "InvalidRequestContentException",
        },
    },
    "faults": {
        # The header that is really sent has another name, and the body has no Type.
        "RequestTooLargeException": {
            "name": "RequestEntityTooLargeException",
            "message": "Message",
            "type": False,
        },
    },
    # Answers that are not in the model but that handlers give. Those of the front door, which are
    # the same for every service, are in src/api/front_faults.h.
    "new_faults": {
        "ValidationException": {"status": 400, "message": "message", "type": False},
        "AccessDeniedException": {"status": 403, "message": "Message", "type": False},
    },
    # C names that the general rule would spell badly.
    "c_names": {
        "MaxVCpuCount": "max_vcpu_count",
        "ExecutionEnvironmentMemoryGiBPerVCpu": "execution_environment_memory_gib_per_vcpu",
    },
}

SERVICES = {"lambda": {"dir": "lambda/2015-03-31", "prefix": "lambda", "overrides": LAMBDA}}
