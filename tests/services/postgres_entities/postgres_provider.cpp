#include "tests/runtime/store/conformance/entity_store.hpp"
#include "tests/services/postgres_entities/postgres_world.hpp"

namespace tutti::tests::entities {
namespace {

INSTANTIATE_TEST_SUITE_P(Postgres, EntityStore,
                         testing::Values(provider{"postgres", [] {
                                                    return std::make_unique<postgres_world>(
                                                        services::postgres_entities::entity_store_options{
                                                            .deadline = 30s});
                                                  }}));

} // namespace
} // namespace tutti::tests::entities
