#include "services/cli/cli.hpp"
#include "services/node/run_node.hpp"

int main(int argc, char** argv) {
  return tutti::services::cli::run({argv + 1, argv + argc}, tutti::services::node::run_node);
}
