// The kernels for every x86-64: SSE2, two doubles or four floats at a time, no fused multiply-add.
#include "Levels.h"

#if KEEL_HAS_LEVELS
#define KEEL_KERNEL(result, name, parameters, arguments) result name##_baseline parameters
#define KEEL_VECTOR 4
#include "../Kernels/All.h"
#endif
