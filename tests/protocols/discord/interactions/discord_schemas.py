#!/usr/bin/env python3
"""Holds the bodies that `discord_bodies` prints against Discord's own OpenAPI file, which lies in the folder that
the environment variable TUTTI_SPECS names. Unions are exclusive and unknown members refused, unlike in the file:
otherwise a misspelt member of a body would fit every schema."""
import copy, json, os, pathlib, subprocess, sys

SKIPPED = 77


def strict(schema):
    """Members that a schema does not name are mistakes."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: strict(value) for key, value in schema.items()}
    if "properties" in out and "additionalProperties" not in out:
        out["additionalProperties"] = False
    return out


def main(program):
    folder = os.environ.get("TUTTI_SPECS")
    if not folder:
        print("skipped: TUTTI_SPECS names no folder with discord-openapi.json")
        return SKIPPED
    try:
        import jsonschema
    except ModuleNotFoundError:
        if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3"):
            os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
        print("python3-jsonschema is missing: deploy/install-deps.sh")
        return 1

    spec = json.loads((pathlib.Path(folder) / "discord-openapi.json").read_text())
    schemas = spec["components"]["schemas"]
    # Documented as a string of bits, which is what clients send and what Discord answers; only this file has an integer.
    for name in ("ApplicationCommandUpdateRequest", "ApplicationCommandCreateRequest"):
        schemas[name]["properties"]["default_member_permissions"] = {"type": "string", "pattern": "^[0-9]+$"}
    root = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": strict(spec["components"])}

    def mistakes(route, body):
        method, path = route
        schema = spec["paths"][path][method.lower()]["requestBody"]["content"]["application/json"]["schema"]
        whole = dict(root, allOf=[strict(schema)])
        return [f"{error.json_path}: {error.message[:300]}"
                for error in jsonschema.Draft202012Validator(whole).iter_errors(body)]

    lines = subprocess.run([program], check=True, capture_output=True, text=True, timeout=60).stdout.splitlines()
    wrong = []
    for line in lines:
        one = json.loads(line)
        wrong += [f"{' '.join(one['route'])}: {error}" for error in mistakes(one["route"], one["body"])]
        # The comparison itself: a member of another name must not pass.
        if isinstance(one["body"], dict):
            spoilt = dict(copy.deepcopy(one["body"]), nonsense=1)
            if not mistakes(one["route"], spoilt):
                wrong.append(f"{' '.join(one['route'])}: the schema takes anything")
    print("\n".join(wrong) or f"{len(lines)} bodies fit Discord's schemas")
    return 1 if wrong or not lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
