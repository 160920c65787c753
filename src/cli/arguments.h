/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * arguments.h: the command line's words, before and after GLib has read them
 */
#pragma once

#include "cli/command.h"

/* The words of the command line (char *, owned; NULL-terminated), where "-ojson" is "-o" and "json", as it is to getopt. */
GPtrArray *gpuvm_arguments_split(int argc, char **argv);

/* The long option of @command (NULL: of the program), or of every command, that "--word" was to be; NULL: none. Borrowed. */
const char *gpuvm_arguments_meant(const gpuvm_command *command, const char *option);

/* Whether @argument, which may be a VM's name, is a file's. */
bool gpuvm_argument_is_file(const char *argument);
