/* files/files_params.h - what the methods of files_table.c take: each list of parameters bears the
 * name of its method, and ends with a row of zeros (core/call.h).
 *
 * Their units and bounds are checked before a method is called; what a bound cannot say is the
 * method's own to check.  For the sources of the files app alone. */
#ifndef SHOAL_FILES_FILES_PARAMS_H
#define SHOAL_FILES_FILES_PARAMS_H

#include "files/files_in.h"

extern const struct param files_id_only[];
extern const struct param files_dht_get_params[];
extern const struct param files_dht_put_params[];
extern const struct param files_show_params[];
extern const struct param files_add_params[];
extern const struct param files_get_params[];
extern const struct param files_move_params[];
extern const struct param files_rename_params[];
extern const struct param files_stream_params[];
extern const struct param files_set_params[];
extern const struct param files_ls_params[];
extern const struct param files_rm_params[];
extern const struct param files_peer_params[];
extern const struct param files_limit_params[];
extern const struct param files_resume_params[];
extern const struct param files_tracker_params[];
extern const struct param files_label_params[];
extern const struct param files_queue_params[];
extern const struct param files_group_params[];
extern const struct param files_poll_params[];
extern const struct param files_block_params[];
extern const struct param files_unblock_params[];

#endif
