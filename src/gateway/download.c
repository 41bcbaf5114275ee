/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/download.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/must.h"
#include "http/server.h"

enum { PIECE_BYTES = 65536 };

struct download {
    uv_loop_t *loop;
    struct http_request *req; /* ours until it is answered */
    struct str content_type;  /* constant */
    uv_fs_t fs;
    uv_file file;
    int64_t offset;
    bool client_gone;
    bool waiting; /* for the client to take more */
    char piece[PIECE_BYTES];
};

static void on_closed_file(uv_fs_t *fs)
{
    struct download *download = fs->data;

    uv_fs_req_cleanup(fs);
    free(download);
}

static void close_file(struct download *download)
{
    must(uv_fs_close(download->loop, &download->fs, download->file, on_closed_file) == 0);
}

static void read_next(struct download *download);

static void on_writable(void *owner)
{
    struct download *download = owner;

    download->waiting = false;
    read_next(download);
}

static void give_up(struct download *download)
{
    http_response_abort(download->req);
    close_file(download);
}

static void on_read(uv_fs_t *fs)
{
    struct download *download = fs->data;
    ssize_t n = fs->result;
    size_t waiting;

    uv_fs_req_cleanup(fs);
    if (n < 0 || download->client_gone) {
        give_up(download);
        return;
    }
    if (n == 0) {
        http_response_end(download->req);
        close_file(download);
        return;
    }
    download->offset += n;
    waiting = http_response_write(download->req, str_make(download->piece, (size_t)n));
    if (waiting > HTTP_WRITE_HIGH_BYTES && !download->client_gone) {
        download->waiting = true;
        http_response_on_writable(download->req, on_writable, download);
    } else {
        read_next(download);
    }
}

static void read_next(struct download *download)
{
    uv_buf_t buf = uv_buf_init(download->piece, PIECE_BYTES);

    must(uv_fs_read(download->loop, &download->fs, download->file, &buf, 1, download->offset,
                    on_read) == 0);
}

static void on_client_gone(void *owner)
{
    struct download *download = owner;

    download->client_gone = true;
    if (download->waiting)
        give_up(download);
}

static void on_open(uv_fs_t *fs)
{
    struct download *download = fs->data;
    struct http_header type = {STR("Content-Type"), download->content_type};

    download->file = (uv_file)fs->result;
    uv_fs_req_cleanup(fs);
    if (download->file < 0) {
        http_respond(download->req, 404, NULL, 0, STR(""));
        free(download);
        return;
    }
    http_request_on_closed(download->req, on_client_gone, download);
    http_response_start(download->req, 200, &type, 1);
    read_next(download);
}

void download_start(uv_loop_t *loop, struct http_request *req, const char *path,
                    struct str content_type)
{
    struct download *download = calloc(1, sizeof(*download));

    if (!download) {
        http_respond(req, 500, NULL, 0, STR(""));
        return;
    }
    download->loop = loop;
    download->req = req;
    download->content_type = content_type;
    download->fs.data = download;
    must(uv_fs_open(loop, &download->fs, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0, on_open) == 0);
}
