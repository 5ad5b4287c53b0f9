// The guard is a fork that never executes anything else: it needs no file of its own, and works in
// every program that uses the library. Between fork and exec, and in the guard, only calls that are
// allowed after a fork of a process with threads.
#if defined(__linux__)
#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "CProcesses.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  /// How long a program that was asked to end is waited for.
  GRACE_MILLISECONDS = 2000,
  /// Files beyond this are not closed one by one, where the system cannot close a range.
  MOST_FILES = 4096,
  /// What the starter asks of the guard, a byte each.
  ORDER_STOP = 's',
  ORDER_CONTINUE = 'c',
};

extern char **environ;

// MARK: files

static int make_pipe(int ends[2]) {
#if defined(__linux__)
  return pipe2(ends, O_CLOEXEC);
#else
  if (pipe(ends)) return -1;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  return 0;
#endif
}

static void close_range_of(int first, int last) {
#if defined(__linux__) && defined(SYS_close_range)
  if (syscall(SYS_close_range, first, last, 0) == 0) return;
#endif
  for (int file = first; file <= last && file < MOST_FILES; file++) close(file);
}

// MARK: the guard

static int child_pipe[2];

/// Milliseconds of a clock that goes on evenly.
static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void note_child(int number) {
  (void)number;
  int error = errno;
  char byte = 0;
  ssize_t written = write(child_pipe[1], &byte, 1);
  (void)written;
  errno = error;
}

/// Whether the program has ended, and with which status; buries what it has left behind.
static int has_ended(pid_t program, int *status) {
  pid_t ended;
  int its;
  while ((ended = waitpid(-1, &its, WNOHANG)) > 0) {
    if (ended != program) continue;
    *status = its;
    return 1;
  }
  return 0;
}

/// Does what the starter asks for: the program's group stops, or goes on. Returns 0 where the
/// starter has gone.
static int obey(pid_t program, int lifeline) {
  char order = 0;
  ssize_t count = read(lifeline, &order, 1);
  if (count < 0 && errno == EINTR) return 1;
  if (count <= 0) return 0;
  kill(-program, order == ORDER_STOP ? SIGSTOP : SIGCONT);
  return 1;
}

/// Waits for the program's end: 1 with its status, 0 after so many milliseconds, or when the
/// lifeline closes. −1: for ever.
static int wait_for(pid_t program, int lifeline, int milliseconds, int *status) {
  int64_t end = now() + milliseconds;
  for (;;) {
    if (has_ended(program, status)) return 1;
    // Whatever else wakes it, it waits no longer.
    int left = -1;
    if (milliseconds >= 0 && (left = (int)(end - now())) <= 0) return 0;
    struct pollfd files[2] = {{.fd = child_pipe[0], .events = POLLIN},
                              {.fd = lifeline, .events = POLLIN}};
    int count = poll(files, lifeline < 0 ? 1 : 2, left);
    if (count == 0) return has_ended(program, status);
    if (count < 0 && errno != EINTR) return 0;
    if (count > 0 && files[0].revents) {
      char bytes[16];
      ssize_t ignored = read(child_pipe[0], bytes, sizeof bytes);
      (void)ignored;
    } else if (count > 0 && lifeline >= 0 && files[1].revents && !obey(program, lifeline)) {
      return 0;
    }
  }
}

/// Ends what has left the program's group: the system gives it to the guard when its parent ends.
static void end_orphans(void) {
#if defined(__linux__)
  static char pids[1 << 16];
  for (;;) {
    int file = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t count = read(file, pids, sizeof pids - 1);
    close(file);
    if (count <= 0) return;
    pids[count] = 0;
    pid_t pid = 0;
    for (const char *next = pids; *next; next++) {
      if (*next >= '0' && *next <= '9') {
        pid = 10 * pid + (*next - '0');
      } else if (pid) {
        kill(pid, SIGKILL);
        pid = 0;
      }
    }
    while (waitpid(-1, NULL, 0) < 0 && errno == EINTR) {}
  }
#endif
}

static void guard(pid_t program, int lifeline) {
  int status = 0;
  if (!wait_for(program, lifeline, -1, &status)) {
    kill(-program, SIGTERM);
    // One that is stopped hears it only now.
    kill(-program, SIGCONT);
    if (!wait_for(program, -1, GRACE_MILLISECONDS, &status)) {
      kill(-program, SIGKILL);
      wait_for(program, -1, -1, &status);
    }
  }
  // What it has left behind.
  kill(-program, SIGKILL);
  end_orphans();
  if (WIFSIGNALED(status)) {
    signal(WTERMSIG(status), SIG_DFL);
    kill(getpid(), WTERMSIG(status));
  }
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128);
}

static void be_program(const keel_command *command, int input, int output, int fault) {
  setpgid(0, 0);
#if defined(__linux__)
  // Should somebody kill the guard.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  dup2(input, 0);
  dup2(output, 1);
  if (command->joins_errors) dup2(output, 2);
  if (!command->folder || chdir(command->folder) == 0) {
    if (command->environment) environ = (char **)command->environment;
    execvp(command->argv[0], command->argv);
  }
  int error = errno;
  ssize_t written = write(fault, &error, sizeof error);
  (void)written;
  _exit(127);
}

static void be_guard(const keel_command *command, int input, int output, int lifeline, int fault) {
  // Ctrl-C at the terminal is for the starter to hear.
  setpgid(0, 0);
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  int error = 0;
  if (make_pipe(child_pipe)) error = errno;
  struct sigaction action = {.sa_handler = note_child, .sa_flags = SA_NOCLDSTOP};
  sigaction(SIGCHLD, &action, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
#if defined(__linux__)
  prctl(PR_SET_CHILD_SUBREAPER, 1);
#endif
  pid_t program = error ? -1 : fork();
  if (program == 0) be_program(command, input, output, fault);
  if (program < 0) {
    error = error ? error : errno;
    ssize_t written = write(fault, &error, sizeof error);
    (void)written;
    _exit(127);
  }
  setpgid(program, program);
  // Whatever else the starter has open would stay open for as long as the guard lives: 3 to 5 are
  // the guard's own, and 2 is for messages.
  int own[3] = {fcntl(child_pipe[0], F_DUPFD, 6), fcntl(child_pipe[1], F_DUPFD, 6),
                fcntl(lifeline, F_DUPFD, 6)};
  for (int index = 0; index < 3; index++) dup2(own[index], 3 + index);
  child_pipe[0] = 3;
  child_pipe[1] = 4;
  close_range_of(0, 1);
  close_range_of(6, ~0U >> 1);
  guard(program, 5);
}

// MARK: starting and ending

int keel_start(const keel_command *command, keel_program *program) {
  int ends[4][2];
  for (int index = 0; index < 4; index++) {
    if (make_pipe(ends[index]) == 0) continue;
    int error = errno;
    while (index-- > 0) {
      close(ends[index][0]);
      close(ends[index][1]);
    }
    return error;
  }
  int *input = ends[0], *output = ends[1], *lifeline = ends[2], *fault = ends[3];
  pid_t child = fork();
  int error = child < 0 ? errno : 0;
  if (child == 0) {
    close(input[1]);
    close(output[0]);
    close(lifeline[1]);
    be_guard(command, input[0], output[1], lifeline[0], fault[1]);
  }
  close(input[0]);
  close(output[1]);
  close(lifeline[0]);
  close(fault[1]);
  if (!error) {
    // Closed by the program's exec, where that works.
    ssize_t count;
    while ((count = read(fault[0], &error, sizeof error)) < 0 && errno == EINTR) {}
    if (count != sizeof error) error = 0;
  }
  close(fault[0]);
  if (error) {
    close(input[1]);
    close(output[0]);
    close(lifeline[1]);
    if (child > 0) waitpid(child, NULL, 0);
    return error;
  }
  *program = (keel_program){child, input[1], output[0], lifeline[1]};
  return 0;
}

static void close_files(keel_program *program) {
  if (program->input >= 0) close(program->input);
  if (program->output >= 0) close(program->output);
  if (program->lifeline >= 0) close(program->lifeline);
  program->input = program->output = program->lifeline = -1;
}

static void order(const keel_program *program, char order) {
  // A guard that has ended is asked for nothing more.
  (void)keel_write_all(program->lifeline, &order, 1);
}

void keel_stop(const keel_program *program) { order(program, ORDER_STOP); }

void keel_continue(const keel_program *program) { order(program, ORDER_CONTINUE); }

void keel_close_input(keel_program *program) {
  if (program->input >= 0) close(program->input);
  program->input = -1;
}

int keel_has_ended(keel_program *program, int *status) {
  if (program->guard <= 0) return 1;
  pid_t ended = waitpid(program->guard, status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return 0;
  program->guard = 0;
  return 1;
}

int keel_end(keel_program *program) {
  close_files(program);
  int status = 0;
  if (program->guard <= 0) return status;
  while (waitpid(program->guard, &status, 0) < 0 && errno == EINTR) {}
  program->guard = 0;
  return status;
}

// MARK: reading and writing

int keel_wait_readable(int file, int milliseconds) {
  struct timespec begin, now;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  int left = milliseconds;
  for (;;) {
    struct pollfd polled = {.fd = file, .events = POLLIN};
    int count = poll(&polled, 1, left);
    if (count > 0) return 1;
    if (count == 0) return 0;
    if (errno != EINTR) return -1;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long spent = (now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000;
    left = spent >= milliseconds ? 0 : milliseconds - (int)spent;
  }
}

int keel_write_all(int file, const void *bytes, size_t count) {
  sigset_t pipe_signal, before, pending;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  sigpending(&pending);
  int was_pending = sigismember(&pending, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  int error = 0;
  const char *next = bytes;
  while (count > 0 && !error) {
    ssize_t written = write(file, next, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      error = errno;
    } else {
      next += written;
      count -= (size_t)written;
    }
  }
  if (error == EPIPE && !was_pending) {
    int number;
    sigpending(&pending);
    if (sigismember(&pending, SIGPIPE)) sigwait(&pipe_signal, &number);
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}
