// Programs that must not outlive who started them.
#pragma once

#include <stddef.h>
#include <sys/types.h>

/// A program that runs under a guard: a process that ends it, and its whole group, as soon as the
/// lifeline closes, which the system does where the starter dies, however that happens.
typedef struct {
  /// The guard's process.
  pid_t guard;
  /// Writes to the program's standard input, reads from its standard output.
  int input, output;
  /// Held open for as long as the program may live.
  int lifeline;
} keel_program;

/// Starts a program in a process group of its own. Its standard error is the starter's. `argv` ends
/// with NULL; its first is looked up in PATH. Returns 0, or what `errno` says.
int keel_start(char *const argv[], keel_program *program);

/// Ends a program and all it has started: asks (SIGTERM), and two seconds later does not ask
/// (SIGKILL). Returns its wait status, as `waitpid` gives it.
int keel_end(keel_program *program);

/// Closes the program's standard input: nothing more is asked of it.
void keel_close_input(keel_program *program);

/// Waits for something to read. Returns 1 where there is something (or the end), 0 after so many
/// milliseconds, −1 where it failed; a signal does not end the wait.
int keel_wait_readable(int file, int milliseconds);

/// Writes all of it. Returns 0, or what `errno` says; a reader that has gone is EPIPE, and no
/// signal.
int keel_write_all(int file, const void *bytes, size_t count);
