# SPDX-License-Identifier: Apache-2.0
"""Load a service model from the botocore package and apply our overrides to it."""

import gzip
import json
import os
import re


class ModelError(Exception):
    pass


def find_model(directory):
    """The text of service-2.json below botocore's data folder, plain or compressed."""
    import botocore

    base = os.path.join(os.path.dirname(botocore.__file__), "data", directory, "service-2.json")
    if os.path.exists(base):
        with open(base, encoding="utf-8") as f:
            return json.load(f)
    with gzip.open(base + ".gz", "rt", encoding="utf-8") as f:
        return json.load(f)


def snake(name, fixed=()):
    """FunctionName -> function_name, KMSKeyArn -> kms_key_arn, CodeSha256 -> code_sha256."""
    if name in fixed:
        return fixed[name]
    name = name.replace("-", "_")
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return name.lower()


def camel(name):
    """The member as printed in validation errors: only the first letter changes."""
    return name[0].lower() + name[1:]


class Service:
    """The model after overrides, restricted to what operations reach."""

    def __init__(self, name, config):
        self.name = name
        self.prefix = config["prefix"]
        self.overrides = config["overrides"]
        self.fixed_names = self.overrides.get("c_names", {})
        raw = find_model(config["dir"])
        self.shapes = raw["shapes"]
        self.operations = dict(sorted(raw["operations"].items()))
        self.host_prefix = raw["metadata"]["endpointPrefix"]
        self._override_shapes()
        self._override_members()
        self._check_overrides()
        self.payload_blobs = self._find_payload_blobs()
        self._constrained = {}
        self.order = self._reachable()

    def c_name(self, name):
        return snake(name, self.fixed_names)

    def _override_shapes(self):
        self.shapes.update(self.overrides["new_shapes"])
        for name, change in self.overrides["shapes"].items():
            if name not in self.shapes:
                raise ModelError(f"overrides: no shape {name}")
            shape = self.shapes[name]
            for key, value in change.items():
                if key == "member":
                    shape["member"] = {"shape": value}
                elif value is None:
                    shape.pop(key, None)
                else:
                    shape[key] = value

    def _override_members(self):
        for (shape, member), target in self.overrides["members"].items():
            if member not in self.shapes.get(shape, {}).get("members", {}):
                raise ModelError(f"overrides: no member {shape}.{member}")
            self.shapes[shape]["members"][member]["shape"] = target

    def _check_overrides(self):
        for name in self.overrides["operations"]:
            if name not in self.operations:
                raise ModelError(f"overrides: no operation {name}")
        for name in self.overrides["faults"]:
            if not self.shapes.get(name, {}).get("exception"):
                raise ModelError(f"overrides: no fault {name}")

    def _find_payload_blobs(self):
        """Blob shapes used as a whole body: there they are bytes in memory, not spooled files."""
        return {
            (name, shape["payload"])
            for name, shape in self.shapes.items()
            if "payload" in shape
            and self.shapes[shape["members"][shape["payload"]]["shape"]]["type"] == "blob"
        }

    def children(self, name):
        shape = self.shapes[name]
        if shape.get("eventstream"):
            return []
        found = [shape[key]["shape"] for key in ("key", "member", "value") if key in shape]
        return found + [m["shape"] for m in shape.get("members", {}).values()]

    def _reachable(self):
        """All shapes of inputs and outputs, children before parents."""
        order, seen = [], set()

        def visit(name):
            if name in seen:
                return
            seen.add(name)
            for child in self.children(name):
                visit(child)
            order.append(name)

        for operation in self.operations.values():
            for side in ("input", "output"):
                if side in operation:
                    visit(operation[side]["shape"])
        return order

    def constrained(self, name):
        """Whether validation has anything to check in this shape."""
        if name not in self._constrained:
            shape = self.shapes[name]
            own = any(key in shape for key in ("min", "max", "pattern", "enum", "required"))
            composite = shape["type"] in ("list", "map")
            self._constrained[name] = (
                own or composite or any(self.constrained(c) for c in self.children(name))
            )
        return self._constrained[name]

    def spools(self, operation):
        """Whether the JSON body of an operation has blob members inside."""
        return self._has_blob(operation["input"]["shape"])

    def _has_blob(self, name):
        members = self.shapes[name].get("members", {})
        for member, info in members.items():
            if (name, member) in self.payload_blobs:
                continue
            if self.shapes[info["shape"]]["type"] == "blob" or self._has_blob(info["shape"]):
                return True
        return False

    def faults(self):
        """(C name, wire name, status, message member, has Type), sorted by C name."""
        rows = []
        for name, shape in self.shapes.items():
            if not shape.get("exception"):
                continue
            change = self.overrides["faults"].get(name, {})
            members = shape["members"]
            message = "Message" if "Message" in members else "message"
            rows.append(
                (
                    self.fault_c_name(name),
                    change.get("name", name),
                    shape["error"]["httpStatusCode"],
                    change.get("message", message),
                    change.get("type", "Type" in members),
                )
            )
        for name, row in self.overrides["new_faults"].items():
            if name in self.shapes:
                raise ModelError(f"overrides: the model now has {name}")
            rows.append(
                (self.fault_c_name(name), name, row["status"], row["message"], row["type"])
            )
        return sorted(rows)

    def fault_c_name(self, name):
        return f"{self.prefix}_fault_{self.c_name(re.sub('Exception$', '', name))}"
