/* SPDX-License-Identifier: Apache-2.0 */

/* The store with an unpacker that makes a folder with the "zip" copied into it, or fails as the
 * content says. */

#include "code/code_store.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/hash.h"
#include "base/must.h"

struct fixture {
    char directory[64];
    uv_loop_t loop;
    struct code_store *store;
    size_t unpack_count;
    size_t closed_count;
};

struct unpack {
    uv_timer_t timer; /* answers from the loop, not at once */
    struct fixture *fixture;
    struct digest digest;
    char content[64];
    code_unpack_done done;
    void *owner;
};

static void path_of(char path[256], const struct fixture *fixture, const char *folder,
                    const struct digest *digest, const char *suffix)
{
    char hex[DIGEST_HEX_BYTES];

    (void)snprintf(path, 256, "%s/%s/%s%s", fixture->directory, folder, digest_hex(digest, hex),
                   suffix);
}

static bool has_folder(const struct fixture *fixture, const struct digest *digest)
{
    char path[256];

    path_of(path, fixture, "code", digest, "");
    return access(path, F_OK) == 0;
}

static bool has_zip(const struct fixture *fixture, const struct digest *digest)
{
    char path[256];

    path_of(path, fixture, "packages", digest, ".zip");
    return access(path, F_OK) == 0;
}

static void on_unpack_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_unpack_timer(uv_timer_t *timer)
{
    struct unpack *unpack = timer->data;
    struct reason why = {0};
    char path[256];

    uv_close((uv_handle_t *)timer, on_unpack_closed);
    if (strncmp(unpack->content, "bad", 3) == 0) {
        reason_set(&why, "no zip");
        unpack->done(unpack->owner, CODE_BAD_ZIP, 0, &why);
        return;
    }
    path_of(path, unpack->fixture, "code", &unpack->digest, "");
    assert_int_equal(mkdir(path, 0755), 0);
    path_of(path, unpack->fixture, "code", &unpack->digest, "/inner");
    assert_int_equal(mkdir(path, 0755), 0);
    unpack->done(unpack->owner, CODE_OK, 1234, NULL);
}

static int fake_unpack(void *context, int zip_fd, const struct digest *digest, uint64_t bytes_max,
                       code_unpack_done done, void *owner)
{
    struct fixture *fixture = context;
    struct unpack *unpack = calloc(1, sizeof(*unpack));

    assert_non_null(unpack);
    assert_true(bytes_max > 0);
    fixture->unpack_count++;
    *unpack = (struct unpack){.fixture = fixture, .digest = *digest, .done = done, .owner = owner};
    assert_true(pread(zip_fd, unpack->content, sizeof(unpack->content) - 1, 0) >= 0);
    if (strcmp(unpack->content, "refused") == 0) {
        free(unpack);
        return -EAGAIN;
    }
    assert_int_equal(uv_timer_init(&fixture->loop, &unpack->timer), 0);
    unpack->timer.data = unpack;
    return uv_timer_start(&unpack->timer, on_unpack_timer, 0, 0);
}

static const struct code_unpack_ops fake_ops = {.unpack = fake_unpack};

static void fixture_open(struct fixture *fixture, uint64_t remove_delay_ms)
{
    const struct code_store_options options = {
        .loop = &fixture->loop,
        .state_directory = fixture->directory,
        .unpack = &fake_ops,
        .unpack_context = fixture,
        .remove_delay_ms = remove_delay_ms,
    };
    struct reason why = {0};

    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    if (code_store_open(&fixture->store, &options, &why) != 0)
        fail_msg("%s", why.text);
}

static void on_closed(void *owner)
{
    ((struct fixture *)owner)->closed_count++;
}

static void fixture_close(struct fixture *fixture)
{
    size_t closed_count = fixture->closed_count;

    code_store_close(fixture->store, on_closed, fixture);
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(fixture->closed_count, closed_count + 1);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    (void)snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/code_test.XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    char command[128];
    FILE *pipe;

    (void)snprintf(command, sizeof(command), "rm -r %s", fixture->directory);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_int_equal(pclose(pipe), 0);
    free(fixture);
    return 0;
}

struct upload {
    struct code_upload upload;
    struct code_request request;
    char path[96];
    bool is_done;
};

static void on_added(struct code_request *request)
{
    struct upload *upload = container_of(request, struct upload, request);

    assert_false(upload->is_done);
    upload->is_done = true;
}

static void upload_start(struct fixture *fixture, struct upload *upload, const char *content,
                         const char *name)
{
    *upload = (struct upload){.request = {.on_done = on_added}};
    (void)snprintf(upload->path, sizeof(upload->path), "%s/%s", fixture->directory, name);
    upload->upload.path = upload->path;
    upload->upload.fd = open(upload->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(upload->upload.fd >= 0);
    assert_int_equal(fd_write_full(upload->upload.fd, content, strlen(content)), 0);
    assert_int_equal(hash_bytes(&upload->upload.digest, content, strlen(content)), 0);
    assert_int_equal(code_store_add(fixture->store, &upload->request, &upload->upload), 0);
    assert_false(upload->is_done);
}

static void upload_end(struct upload *upload)
{
    assert_true(upload->is_done);
    upload->request.package = code_package_unref(upload->request.package);
    close_fdp(&upload->upload.fd);
    (void)unlink(upload->path);
}

static void run(struct fixture *fixture)
{
    (void)uv_run(&fixture->loop, UV_RUN_DEFAULT);
}

static void test_add(void **state)
{
    struct fixture *fixture = *state;
    struct upload upload;

    fixture_open(fixture, 0);
    upload_start(fixture, &upload, "zip one", "u");
    run(fixture);
    assert_int_equal(upload.request.outcome, CODE_OK);
    assert_int_equal(code_package_unpacked_bytes(upload.request.package), 1234);
    assert_true(digest_eq(code_package_digest(upload.request.package), &upload.upload.digest));
    assert_true(has_folder(fixture, &upload.upload.digest));
    assert_true(has_zip(fixture, &upload.upload.digest));
    assert_int_equal(access(upload.path, F_OK), -1); /* it was renamed */
    upload_end(&upload);
    fixture_close(fixture);
}

static void test_bad_zip_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct upload upload;

    fixture_open(fixture, 0);
    upload_start(fixture, &upload, "bad zip", "u");
    run(fixture);
    assert_int_equal(upload.request.outcome, CODE_BAD_ZIP);
    assert_string_equal(upload.request.why.text, "no zip");
    assert_null(upload.request.package);
    assert_false(has_folder(fixture, &upload.upload.digest));
    assert_false(has_zip(fixture, &upload.upload.digest));
    upload_end(&upload);
    upload_start(fixture, &upload, "refused", "u");
    run(fixture);
    assert_int_equal(upload.request.outcome, -EAGAIN);
    upload_end(&upload);
    fixture_close(fixture);
}

/* Equal packages that arrive together are unpacked once, and once more never. */
static void test_single_flight(void **state)
{
    struct fixture *fixture = *state;
    struct upload uploads[3];

    fixture_open(fixture, 0);
    upload_start(fixture, &uploads[0], "same", "u0");
    upload_start(fixture, &uploads[1], "same", "u1");
    run(fixture);
    upload_start(fixture, &uploads[2], "same", "u2");
    run(fixture);
    assert_int_equal(fixture->unpack_count, 1);
    for (size_t i = 0; i < array_count(uploads); i++) {
        assert_int_equal(uploads[i].request.outcome, CODE_OK);
        upload_end(&uploads[i]);
    }
    fixture_close(fixture);
}

static void prepare(struct fixture *fixture, struct upload *upload, const struct digest *digest)
{
    *upload = (struct upload){.request = {.on_done = on_added}, .upload = {.fd = -1}};
    assert_int_equal(code_store_prepare(fixture->store, &upload->request, digest), 0);
    run(fixture);
    assert_true(upload->is_done);
}

/* The folder is a cache of the package: without it, it is made again. */
static void test_prepare_unpacks_again(void **state)
{
    struct fixture *fixture = *state;
    struct code_package *package;
    struct upload upload, again;
    char path[256];

    fixture_open(fixture, 0);
    upload_start(fixture, &upload, "zip", "u");
    run(fixture);
    upload_end(&upload);
    fixture_close(fixture);

    path_of(path, fixture, "code", &upload.upload.digest, "/inner");
    assert_int_equal(rmdir(path), 0);
    path_of(path, fixture, "code", &upload.upload.digest, "");
    assert_int_equal(rmdir(path), 0);
    fixture_open(fixture, 0);
    assert_null(code_store_take_ready(fixture->store, &upload.upload.digest));
    prepare(fixture, &again, &upload.upload.digest);
    assert_int_equal(again.request.outcome, CODE_OK);
    assert_true(has_folder(fixture, &upload.upload.digest));
    package = code_store_take_ready(fixture->store, &upload.upload.digest);
    assert_ptr_equal(package, again.request.package);
    (void)code_package_unref(package);
    (void)code_package_unref(again.request.package);
    fixture_close(fixture);
}

static void test_prepare_missing(void **state)
{
    struct fixture *fixture = *state;
    const struct digest digest = {{7}};
    struct upload upload;

    fixture_open(fixture, 0);
    prepare(fixture, &upload, &digest);
    assert_int_equal(upload.request.outcome, CODE_MISSING);
    fixture_close(fixture);
}

static void on_swept(void *owner)
{
    *(bool *)owner = true;
}

/* At start what nobody refers to goes, and what somebody refers to stays. */
static void test_sweep(void **state)
{
    struct fixture *fixture = *state;
    struct upload kept, dropped;
    bool is_swept = false;

    fixture_open(fixture, 0);
    upload_start(fixture, &kept, "kept", "u0");
    upload_start(fixture, &dropped, "dropped", "u1");
    run(fixture);
    upload_end(&kept);
    upload_end(&dropped);
    fixture_close(fixture);
    assert_true(has_zip(fixture, &dropped.upload.digest)); /* removal is lazy */

    fixture_open(fixture, 0);
    assert_int_equal(code_store_retain(fixture->store, &kept.upload.digest, 77), 0);
    code_store_sweep(fixture->store, on_swept, &is_swept);
    run(fixture);
    assert_true(is_swept);
    assert_true(has_zip(fixture, &kept.upload.digest));
    assert_true(has_folder(fixture, &kept.upload.digest));
    assert_false(has_zip(fixture, &dropped.upload.digest));
    assert_false(has_folder(fixture, &dropped.upload.digest));
    code_store_release(fixture->store, &kept.upload.digest);
    fixture_close(fixture);
}

/* The last reference goes: the package goes a while later, unless somebody wants it again before.
 */
static void test_lazy_removal(void **state)
{
    struct fixture *fixture = *state;
    struct upload upload, other;

    fixture_open(fixture, 1);
    upload_start(fixture, &upload, "zip", "u");
    run(fixture);
    assert_int_equal(code_store_retain(fixture->store, &upload.upload.digest, 0), 0);
    upload_end(&upload);
    code_store_release(fixture->store, &upload.upload.digest);
    while (has_zip(fixture, &upload.upload.digest) || has_folder(fixture, &upload.upload.digest)) {
        /* Something that keeps the loop running, as a daemon does, until the timer has come. */
        upload_start(fixture, &other, "other", "o");
        run(fixture);
        upload_end(&other);
    }
    assert_null(code_store_take_ready(fixture->store, &upload.upload.digest));
    upload_start(fixture, &upload, "zip", "u");
    run(fixture);
    assert_int_equal(upload.request.outcome, CODE_OK);
    assert_true(has_folder(fixture, &upload.upload.digest));
    upload_end(&upload);
    fixture_close(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_add, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_zip_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_single_flight, setup, teardown),
        cmocka_unit_test_setup_teardown(test_prepare_unpacks_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_prepare_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sweep, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lazy_removal, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
