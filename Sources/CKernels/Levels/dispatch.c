// The public kernels, and which level they are taken from.
#include "Levels.h"

#include <stdlib.h>
#include <strings.h>

#if KEEL_HAS_LEVELS

static int has_v4(void) { return __builtin_cpu_supports("x86-64-v4") != 0; }
static int has_v3(void) { return __builtin_cpu_supports("x86-64-v3") != 0; }
static int has_baseline(void) { return 1; }

/// The best first. What OpenBLAS calls the core whose kernels are made for the level.
static const struct {
  keel_level level;
  int (*is_supported)(void);
} levels[] = {
    {{"x86-64-v4", "SkylakeX"}, has_v4},
    {{"x86-64-v3", "Haswell"}, has_v3},
    {{"baseline", "Prescott"}, has_baseline},
};

enum { LEVELS = sizeof levels / sizeof *levels, V4 = 0, V3 = 1 };

/// The best that there is, until somebody chooses.
static int current = LEVELS - 1;

__attribute__((constructor)) static void begin(void) {
  const char *name = getenv("KEEL_KERNELS");
  if (name && keel_use_level(name)) return;
  for (current = 0; !levels[current].is_supported(); current++) {
  }
}

size_t keel_level_count(void) { return LEVELS; }
keel_level keel_level_at(size_t index) { return levels[index].level; }
int keel_level_is_supported(size_t index) { return levels[index].is_supported(); }
size_t keel_current_level(void) { return (size_t)current; }

int keel_use_level(const char *name) {
  for (int index = 0; index < LEVELS; index++) {
    if (strcmp(levels[index].level.name, name) != 0 || !levels[index].is_supported()) continue;
    current = index;
    return 1;
  }
  return 0;
}

static int has_fma4(void) { return __builtin_cpu_supports("fma4") != 0; }
static int has_avx(void) { return __builtin_cpu_supports("avx") != 0; }

/// Cores of OpenBLAS whose kernels use what not every processor has; it takes the name of one on
/// trust.
static const struct {
  const char *name;
  int (*is_supported)(void);
} cores[] = {
    {"SapphireRapids", has_v4}, {"Cooperlake", has_v4},   {"SkylakeX", has_v4},
    {"Zen", has_v3},            {"Haswell", has_v3},      {"Excavator", has_fma4},
    {"Steamroller", has_fma4},  {"Piledriver", has_fma4}, {"Bulldozer", has_fma4},
    {"Sandybridge", has_avx},
};

int keel_blas_core_is_supported(const char *name) {
  for (size_t index = 0; index < sizeof cores / sizeof *cores; index++) {
    if (strcasecmp(cores[index].name, name) == 0) return cores[index].is_supported();
  }
  return 1;
}

/// The bodies stand here as well, only to be read past: nothing calls them.
#define KEEL_KERNEL(result, name, parameters, arguments)                          \
  result name##_v4 parameters;                                                    \
  result name##_v3 parameters;                                                    \
  result name##_baseline parameters;                                              \
  result name parameters {                                                        \
    if (current == V3) return name##_v3 arguments;                                \
    return current == V4 ? name##_v4 arguments : name##_baseline arguments;       \
  }                                                                               \
  static inline __attribute__((unused)) result name##_body parameters

#else

size_t keel_level_count(void) { return 1; }
keel_level keel_level_at(size_t index) { return (keel_level){"baseline", NULL}; }
int keel_level_is_supported(size_t index) { return 1; }
size_t keel_current_level(void) { return 0; }
int keel_use_level(const char *name) { return strcmp(name, "baseline") == 0; }
int keel_blas_core_is_supported(const char *name) { return 1; }

#define KEEL_KERNEL(result, name, parameters, arguments) result name parameters

#endif

#include "../Kernels/All.h"
