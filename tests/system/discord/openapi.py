"""Discord's official OpenAPI description, as `TUTTI_SPECS`/discord-openapi.json has it."""
import json
import os
import re

import jsonschema


class Description:
    def __init__(self, folder):
        with open(os.path.join(folder, "discord-openapi.json"), encoding="utf-8") as f:
            self.document = json.load(f)
        self.resolver = jsonschema.RefResolver.from_schema(self.document)
        self.routes = []
        for template, operations in self.document["paths"].items():
            pattern = re.compile("^" + re.sub(r"\\\{[a-z_0-9]+\\\}", "[^/]+", re.escape(template)) + "$")
            # Literal segments count before parameters: @me and @original.
            self.routes.append((template.count("{"), pattern, operations))
        self.routes.sort(key=lambda one: one[0])

    def operation(self, method, path):
        for _, pattern, operations in self.routes:
            if pattern.match(path) and method.lower() in operations:
                return operations[method.lower()]
        raise AssertionError(f"{method} {path} is not in the description")

    def _errors(self, value, schema):
        check = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        best = jsonschema.exceptions.best_match(check.iter_errors(value))
        return [] if best is None else [f"{'/'.join(map(str, best.absolute_path))}: {best.message[:300]}"]

    def request_errors(self, method, path, body):
        described = self.operation(method, path).get("requestBody")
        if described is None:
            return [] if body is None else ["no body is described"]
        return self._errors(body, described["content"]["application/json"]["schema"])

    def answer_errors(self, method, path, status, body):
        answers = self.operation(method, path)["responses"]
        described = answers.get(str(status)) or answers.get(f"{status // 100}XX")
        if described is None:
            return [f"status {status} is not described"]
        if "$ref" in described:
            described = self.resolver.resolve(described["$ref"])[1]
        content = described.get("content")
        if not content:
            return [] if body in ("", None) else ["no body is described"]
        return self._errors(body, content["application/json"]["schema"])
