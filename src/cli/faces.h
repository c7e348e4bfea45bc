/* cli/faces.h - the method tables as JSON text, and the completion scripts, made by the build
 * (tools/faces). */
#ifndef SHOAL_CLI_FACES_H
#define SHOAL_CLI_FACES_H

extern const char cli_faces[];
extern const char cli_completion_bash[], cli_completion_zsh[], cli_completion_fish[];

#endif
