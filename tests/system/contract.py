"""docs/openapi.yaml as something that answers can be held against."""
import json
import os
import re

import jsonschema
import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Contract:
    METHODS = ("get", "put", "post", "delete")

    def __init__(self):
        with open(os.path.join(ROOT, "docs", "openapi.yaml"), encoding="utf-8") as f:
            self.document = yaml.safe_load(f)
        self.server = self.document["x-server-answers"]
        self.seen = set()  # (method, path template, status)
        self.validators = {}

    def resolve(self, thing):
        while "$ref" in thing and thing["$ref"].startswith("#/") and len(thing) == 1:
            at = self.document
            for part in thing["$ref"][2:].split("/"):
                at = at[part]
            thing = at
        return thing

    def operations(self):
        for path, item in self.document["paths"].items():
            for method in self.METHODS:
                if method in item:
                    yield method.upper(), path, item[method]

    def open(self, operation):
        return operation.get("security") == []

    def find(self, method, target):
        """(template, operation), or the template alone, or nothing."""
        path = target.split("?", 1)[0]
        method = "GET" if method == "HEAD" else method
        known = None
        templates = sorted(self.document["paths"], key=lambda t: "{" in t)  # fixed ones first
        for template in templates:
            pattern = "/".join("[^/]+" if p.startswith("{") else re.escape(p) for p in template.split("/"))
            if re.fullmatch(pattern, path):
                known = known or template
                item = self.document["paths"][template]
                if method == method.upper() and method.lower() in self.METHODS and method.lower() in item:
                    return template, item[method.lower()]
        return known, None

    def validator(self, schema, key):
        if key not in self.validators:
            whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "allOf": [schema],
                     "components": self.document["components"]}
            self.validators[key] = jsonschema.Draft202012Validator(whole)
        return self.validators[key]

    def problems(self, schema, key, value):
        return [f"{list(e.absolute_path)}: {e.message[:300]}" for e in self.validator(schema, key).iter_errors(value)]

    def check_schema(self, name, value):
        wrong = self.problems({"$ref": "#/components/schemas/" + name}, name, value)
        assert not wrong, f"{name}: {wrong}: {value}"

    def body_fits(self, name, value):
        return not self.problems({"$ref": "#/components/schemas/" + name}, name, value)

    def check(self, answer, server=False):
        """That the answer stands in the document. `server`: the HTTP server's own answers may be given too."""
        template, operation = self.find(answer.method, answer.target)
        status = str(answer.status)
        assert answer.status != 500, answer
        where = None
        if operation and status in operation["responses"]:
            where = self.resolve(operation["responses"][status])
            method = "GET" if answer.method == "HEAD" else answer.method
            self.seen.add((method, template, answer.status))
        elif template is None:
            assert answer.status == 404 or server, f"an unknown route: {answer}"
            where = self.resolve(self.server[status]) if status in self.server else None
        elif operation is None:
            assert answer.status == 405 or server, f"a method that the route has not: {answer}"
            where = self.resolve(self.server[status]) if status in self.server else None
        elif server and status in self.server:
            where = self.resolve(self.server[status])
        assert where is not None, f"not in openapi.yaml: {answer}"
        self.check_headers(where, answer)
        self.check_body(where, answer)
        return answer

    def check_headers(self, where, answer):
        for name, header in where.get("headers", {}).items():
            header = self.resolve(header)
            value = answer.header(name)
            if value is None:
                assert not header.get("required"), f"no {name}: {answer}"
                continue
            wrong = self.problems(header["schema"], ("header", json.dumps(header["schema"])), value)
            assert not wrong, f"{name}: {wrong}: {answer}"
        assert answer.header("date"), answer

    def check_body(self, where, answer):
        content = where.get("content")
        if content is None:
            assert not answer.body and not answer.header("content-type"), answer
            return
        media = (answer.header("content-type") or "").split(";")[0].strip()
        assert media in content, f"media type {media}: {answer}"
        if answer.status >= 400 and answer.method != "HEAD" and media == "application/problem+json":
            body = answer.json()
            assert body["status"] == answer.status, answer
            assert body["title"] == answer.reason or body["title"], answer
            if "instance" in body:
                assert body["instance"] == answer.target.split("?", 1)[0], answer
        if answer.method == "HEAD":
            assert answer.header("content-length") or answer.header("transfer-encoding"), answer
            return
        schema = content[media].get("schema", {})
        value = answer.text()
        if media.endswith("json") and not media.endswith("ndjson"):
            value = json.loads(value, parse_constant=lambda c: (_ for _ in ()).throw(ValueError(c)))
        wrong = self.problems(schema, json.dumps(schema, sort_keys=True), value)
        assert not wrong, f"{wrong}: {answer}"
