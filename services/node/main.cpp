#include "services/node/run_node.hpp"

#include <cstring>
#include <optional>
#include <string>

int main(int argc, char** argv) {
  std::optional<std::string> file;
  std::string name;
  for (int i = 2; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--config") == 0)
      file = argv[i + 1];
    else if (std::strcmp(argv[i], "--name") == 0)
      name = argv[i + 1];
  }
  return tutti::services::node::run_node(file, name);
}
