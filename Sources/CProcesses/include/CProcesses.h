// Programs that must not outlive who started them, and signals that must not be lost.
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

/// What is started: words, the first of them looked up in PATH, and NULL at their end.
typedef struct {
  char *const *argv;
  /// Where it runs; NULL: where its starter does.
  const char *folder;
  /// `NAME=value` and NULL at the end; NULL: its starter's.
  char *const *environment;
  /// Whether its standard error joins its output; otherwise it is the starter's.
  int joins_errors;
} keel_command;

/// Starts a program in a process group of its own. Returns 0, or what `errno` says.
int keel_start(const keel_command *command, keel_program *program);

/// Stops a program's group where it is, as Ctrl-Z does, until it is let go on.
void keel_stop(const keel_program *program);
void keel_continue(const keel_program *program);

/// Ends a program and all it has started, on Linux also what has left its group: asks (SIGTERM),
/// and two seconds later does not ask (SIGKILL). Returns its wait status, as `waitpid` gives it.
int keel_end(keel_program *program);

/// Whether a program has ended by itself, and with which wait status; it is not asked to.
int keel_has_ended(keel_program *program, int *status);

/// Closes the program's standard input: nothing more is asked of it.
void keel_close_input(keel_program *program);

/// Waits for something to read. Returns 1 where there is something (or the end), 0 after so many
/// milliseconds, −1 where it failed; a signal does not end the wait.
int keel_wait_readable(int file, int milliseconds);

/// Writes all of it. Returns 0, or what `errno` says; a reader that has gone is EPIPE, and no
/// signal.
int keel_write_all(int file, const void *bytes, size_t count);

/// Has signals noted instead of obeyed, from the moment this returns: none is lost, however late
/// somebody looks. Returns the end of a pipe that gives a byte for each, its number, and that stays
/// open; −1 where no pipe could be made. For one piece of work at a time in a process.
int keel_note_signals(const int *numbers, int count);

/// Has signals do again what they do by default.
void keel_restore_signals(const int *numbers, int count);

/// Whether a signal is ignored.
int keel_ignores(int number);
