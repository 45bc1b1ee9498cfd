#include "services/sim/main/run.hpp"

int main(int argc, char** argv) {
  return tutti::services::sim::run({argv + 1, argv + argc});
}
