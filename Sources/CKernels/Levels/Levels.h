// Which levels of a processor the kernels are compiled for, and what a kernel is called in each.
//
// A kernel is defined once, by KEEL_KERNEL(result, name, (parameters), (arguments)) { body }. Each
// level's file makes a function of its own of it; `dispatch.c` makes the public one, which calls
// that of the level in use.
#ifndef LEVELS_H
#define LEVELS_H

// Before any of them, so that no level's attributes reach them.
#include <math.h>
#include <string.h>

#include "CKernels.h"

/// More levels than one where there is an order of them that a compiler and a processor agree on.
#if defined(__x86_64__) && defined(__linux__) && defined(__clang__)
#define KEEL_HAS_LEVELS 1
#else
#define KEEL_HAS_LEVELS 0
#endif

#endif
