/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * command.h: the table of commands; parsing, help, completion and the manual come from it
 *
 * Adding a command is adding src/cli/cmd-NAME.c and one row of gpuvm_commands (src/cli/command.c). A command may be a
 * group that has commands of its own, as the program has; they are in the same file. A group that has arguments, too, does something
 * by itself with words that are none of its commands (export NAME, export pacemaker FILE).
 */
#pragma once

#include "cli/output.h"
#include "ops/session.h"

/* What completes an argument. */
typedef enum gpuvm_argument {
    GPUVM_ARGUMENT_NONE,
    GPUVM_ARGUMENT_FILE,      /* any */
    GPUVM_ARGUMENT_DIRECTORY, /* nothing else */
    GPUVM_ARGUMENT_DEFINITION,
    GPUVM_ARGUMENT_DEFINED, /* a definition or a VM, then a device */
    GPUVM_ARGUMENT_HOST_FILE,
    GPUVM_ARGUMENT_DOMAIN,
    GPUVM_ARGUMENT_DOMAIN_OFF,
    GPUVM_ARGUMENT_DOMAIN_RUNNING,
    GPUVM_ARGUMENT_DEVICE,
    GPUVM_ARGUMENT_COMMAND,
    GPUVM_ARGUMENT_KIND,
    GPUVM_ARGUMENT_PLUGIN,
    GPUVM_ARGUMENT_DEPLOYMENT,
    GPUVM_ARGUMENT_CLUSTERED, /* a VM of the cluster */
    GPUVM_ARGUMENT_SHELL,
} gpuvm_argument;

/* One run of the program. */
typedef struct gpuvm_cli {
    gpuvm_session *session;
    gpuvm_output *output;
    bool quiet, verbose;
    bool differs;       /* the exit code says so, unless something went wrong */
    int status;         /* the exit code unless something went wrong: one of the command's own */
    GPtrArray *watches; /* gpuvm_watch: what gpuvm_wait_and_say waits for; NULL: nothing */
    GPtrArray *verify;  /* char *: the VMs that it looks at from inside; NULL: none */
} gpuvm_cli;

typedef struct gpuvm_command gpuvm_command;
struct gpuvm_command {
    const char *name;
    const char *alias;           /* another name for it, which help does not show; NULL: none */
    const gpuvm_command *parent; /* the group it belongs to; NULL: none */
    const gpuvm_command *const
        *commands;         /* a group: NULL-terminated, in the order help shows them; else NULL */
    const char *arguments; /* as the usage line writes them: "FILE…"; NULL: none */
    const char *summary;   /* one line, imperative */
    const char *description;
    const GOptionEntry *options;      /* NULL: only the global ones */
    int min_arguments, max_arguments; /* max -1: any number */
    bool names;                       /* it lists what has names: -o name */
    const char *formats;              /* further values of -o, between blanks; NULL: none */
    gpuvm_argument argument;
    /** Does it; what went wrong is in the session's diagnostics, which give the exit code. NULL of a mere group. */
    void (*run)(gpuvm_cli *cli, int argc, char **argv);
};

/* NULL-terminated, in the order help shows them. */
extern const gpuvm_command *const gpuvm_commands[];

/* The one of @commands that @name names; NULL. */
const gpuvm_command *gpuvm_command_find(const gpuvm_command *const *commands, const char *name);

/*
 * What may have been meant by @line (NULL-terminated), whose first word is no command of @group: "gpuvm undefine", by what other
 * programs call it, or by what it nearly is; NULL. g_malloc.
 */
char *gpuvm_command_meant(const gpuvm_command *group, char **line);

/* The commands of @group; of the program when that is NULL. NULL of a command that is not a group. */
const gpuvm_command *const *gpuvm_command_list(const gpuvm_command *group);

/* "gpuvm plugin install", what to type for @command; "gpuvm" for NULL. g_malloc. */
char *gpuvm_command_title(const gpuvm_command *command);

/* The options that every command takes, for help, completion and the manual. */
const GOptionEntry *gpuvm_global_options(void);

/* What the global options were given. */
typedef struct gpuvm_global_settings {
    char *uri, *host_file, *policy_file, *defaults_file, *plugin_dir, *pool, *output, *color;
    gboolean quiet, verbose, help, version;
} gpuvm_global_settings;

/* Those that were parsed so far. */
const gpuvm_global_settings *gpuvm_global(void);

/* A parser of @command's options and the global ones; that of a group, or of none, stops at the first argument. */
GOptionContext *gpuvm_command_context(const gpuvm_command *command);

/* The whole program: what main() does. Returns the exit code. */
int gpuvm_main(int argc, char **argv);

/* "Usage: gpuvm NAME …", description, commands of a group, options. g_malloc. */
char *gpuvm_command_help(const gpuvm_command *command);

/* The exit codes in one sentence, which has a line break, for help and the manual. */
extern const char gpuvm_exit_codes[];

/** The command reference of gpuvm(1), in man(7) macros. g_malloc. */
char *gpuvm_command_man(void);

/** The commands of @group, in man(7) macros. g_malloc. */
char *gpuvm_command_man_group(const gpuvm_command *group);

/** What a page of @command's own has from NAME to ENVIRONMENT, in man(7) macros. g_malloc. */
char *gpuvm_command_man_page(const gpuvm_command *command);

/*
 * What completion asks, as "gpuvm __complete": @argv is the index of the word to complete, then the words of
 * the line. Prints the candidates, one a line.
 */
void gpuvm_complete(int argc, char **argv);
