// The kernels for x86-64-v3: AVX2 and fused multiply-add, eight floats at a time.
#include "Levels.h"

#if KEEL_HAS_LEVELS
#pragma clang attribute push(__attribute__((target("arch=x86-64-v3"))), apply_to = function)
#define KEEL_KERNEL(result, name, parameters, arguments) result name##_v3 parameters
#define KEEL_VECTOR 8
#include "../Kernels/All.h"
#pragma clang attribute pop
#endif
