// SPDX-License-Identifier: Apache-2.0

#include "base/put_string.h"
#include "rows/row.h"

char *put_raw_path(char *out, const struct row *row)
{
	struct row_format *format = row->format;
	struct text path;
	enum path_state state =
		full_path(row->record, &format->layout, format->host_mounts,
			  format->path_room, &path);

	if (state != PATH_WHOLE) /* it would name another file */
		return out;
	out = put_bytes(out, path.bytes, path.size);
	*out++ = '\0';
	return out;
}
