#include "runtime/jobs/schema/json_schema.hpp"

#include <gtest/gtest.h>

using namespace tutti::runtime::jobs;

namespace {

std::string compile_error(std::string_view schema) {
  auto compiled = json_schema::compile(schema);
  auto* why = std::get_if<std::string>(&compiled);
  return why ? *why : std::string{};
}

TEST(JsonSchemaCompile, GivenSupportedKeywordsWhenCompiledThenAccepted) {
  for (
      const char* schema :
      {"{}", "true", "false", R"({"type":"object"})", R"({"type":["string","null"]})",
       R"({"$schema":"http://json-schema.org/draft-04/schema#","$id":"x","title":"t","description":"d","default":5,)"
       R"("examples":[{"format":1}],"$comment":"c"})",
       R"({"properties":{"format":{"type":"string"},"$ref":{},"a/b~":true},"required":["format"]})",
       R"({"minimum":1,"exclusiveMinimum":true,"maximum":2,"exclusiveMaximum":false})",
       R"({"exclusiveMinimum":0,"exclusiveMaximum":1.5,"multipleOf":0.5})",
       R"({"items":{"items":{"type":"integer"}},"minItems":1,"maxItems":5,"uniqueItems":true})",
       R"({"patternProperties":{"^x-":{"type":"string"}},"additionalProperties":{"type":"integer"}})",
       R"({"allOf":[{}],"anyOf":[{}],"oneOf":[{}],"not":{"const":null}})", R"({"pattern":"^\\d+$"})",
       R"({"enum":[1,"a",null,{"a":[1]}]})", R"({"required":["a"]})"})
    EXPECT_EQ(compile_error(schema), "") << schema;
}

TEST(JsonSchemaCompile, GivenWhatWouldHaveNoEffectWhenCompiledThenRefusedWithPlace) {
  struct row {
    const char* schema;
    const char* words;
  };
  for (auto& [schema, words] : {
           row{"", "not JSON"},
           row{"{", "not JSON"},
           row{"{\"type\":\"\xFF\"}", "not JSON"},
           row{"5", "must be an object"},
           row{"null", "must be an object"},
           row{R"({"$ref":"#/definitions/a"})", "$ref is not supported"},
           row{R"({"format":"email"})", "format is not supported"},
           row{R"({"dependencies":{}})", "dependencies is not supported"},
           row{R"({"definitions":{}})", "definitions is not supported"},
           row{R"({"$defs":{}})", "$defs is not supported"},
           row{R"({"if":{}})", "if is not supported"},
           row{R"({"propertyNames":{}})", "propertyNames is not supported"},
           row{R"({"additionalItems":false})", "additionalItems is not supported"},
           row{R"({"minLenght":1})", "minLenght is not supported"},
           row{R"({"properties":{"a":{"items":{"forma/t":1}}}})",
               "/properties/a/items: forma/t is not supported"},
           row{R"({"properties":{"a/b":{"x":1}}})", "/properties/a~1b: x is not supported"},
           row{R"({"anyOf":[{},{"x":1}]})", "/anyOf/1: x is not supported"},
           row{R"({"type":"strng"})", "type names no JSON type"},
           row{R"({"type":[]})", "type must not be empty"},
           row{R"({"type":5})", "type names no JSON type"},
           row{R"({"type":["string",5]})", "type names no JSON type"},
           row{R"({"enum":[]})", "enum must be an array"},
           row{R"({"enum":"a"})", "enum must be an array"},
           row{R"({"enum":[1],"const":1})", "must not come together"},
           row{R"({"properties":[]})", "properties must be an object"},
           row{R"({"properties":{"a":5}})", "/properties/a: a schema must be an object"},
           row{R"({"properties":{"a":{},"a":{}}})", "a comes twice"},
           row{R"({"type":"string","type":"string"})", "type comes twice"},
           row{R"({"required":"a"})", "required must be an array"},
           row{R"({"required":[1]})", "required must be an array"},
           row{R"({"required":["a","a"]})", "twice"},
           row{R"({"required":["b"],"properties":{"a":{}},"additionalProperties":false})",
               "which is no property"},
           row{R"({"additionalProperties":5})", "/additionalProperties: a schema must be"},
           row{R"({"items":[{}]})", "/items: a schema must be"},
           row{R"({"minItems":-1})", "minItems must be a whole number"},
           row{R"({"maxLength":1.5})", "maxLength must be a whole number"},
           row{R"({"maxLength":"5"})", "maxLength must be a whole number"},
           row{R"({"uniqueItems":1})", "uniqueItems must be true or false"},
           row{R"({"minimum":"1"})", "minimum must be a number"},
           row{R"({"exclusiveMinimum":true})", "needs its bound"},
           row{R"({"minimum":1,"exclusiveMinimum":0})", "another bound"},
           row{R"({"multipleOf":0})", "multipleOf must be above 0"},
           row{R"({"multipleOf":-1})", "multipleOf must be above 0"},
           row{R"({"minLength":5,"maxLength":4})", "above its maximum"},
           row{R"({"minimum":5,"maximum":4})", "above its maximum"},
           row{R"({"allOf":[]})", "allOf must be an array"},
           row{R"({"not":[]})", "/not: a schema must be"},
           row{R"({"pattern":5})", "pattern must be a string"},
           row{R"x({"pattern":"(?=a)"})x", "/pattern: the pattern (?=a) has"},
           row{R"({"pattern":"\\bx"})", "\\b"},
           row{R"({"patternProperties":{"(":{}}})", "/patternProperties: the pattern ( has"},
       }) {
    auto why = compile_error(schema);
    EXPECT_NE(why.find(words), std::string::npos) << schema << " gave: " << why;
  }
}

TEST(JsonSchemaCompile, GivenDeepSchemasWhenCompiledThenBounded) {
  std::string deep, ok = "{}";
  for (int i = 0; i < 100000; ++i)
    deep += "{\"not\":";
  EXPECT_NE(compile_error(deep), "");
  EXPECT_NE(compile_error(std::string(100000, '[')), "");
  for (int i = 0; i < 63; ++i)
    ok = "{\"not\":" + ok + "}";
  EXPECT_EQ(compile_error(ok), "");
}

} // namespace
