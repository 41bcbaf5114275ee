/* SPDX-License-Identifier: Apache-2.0 */

/*
 * unpack-run FOLDER BYTES_MAX ZIP…: unpack each zip as the daemon does, one line of result per zip:
 * "outcome bytes path-or-minus text". What was unpacked is copied to FOLDER/<number>. Then says
 * what is left in the code store besides the packages: "leftovers N". Used by unpack_test.py.
 */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "base/rand.h"
#include "driver.h"

static void unpack_one(struct driver *driver, const char *zip, uint64_t bytes_max,
                       const char *folder, int number)
{
    struct digest digest;
    struct reason why = {0};
    char hex[DIGEST_HEX_BYTES];
    char command[2048];
    uint64_t bytes = 0;
    int fd = open(zip, O_RDONLY | O_CLOEXEC);
    int outcome;

    must(fd >= 0);
    must(lseek(fd, 7, SEEK_SET) == 7); /* positioned anywhere */
    rand_bytes(&digest, sizeof(digest));
    outcome = driver_unpack(driver, fd, &digest, bytes_max, &bytes, &why);
    must(lseek(fd, 0, SEEK_CUR) == 7);
    if (outcome == UNPACK_OK) {
        (void)snprintf(command, sizeof(command), "cp -a %s/code/%s %s/%d", driver_state_dir(driver),
                       digest_hex(&digest, hex), folder, number);
        must(system(command) == 0);
        /* The same again is fine and says the same. */
        uint64_t again = 0;

        must(driver_unpack(driver, fd, &digest, bytes_max, &again, &why) == UNPACK_OK);
        must(again == bytes);
    }
    (void)printf("%d %lu %s\n", outcome, bytes, outcome == UNPACK_OK ? "" : why.text);
    must(close(fd) == 0);
}

static int count_leftovers(const struct driver *driver)
{
    char path[1024];
    int count = 0;
    DIR *dir;

    (void)snprintf(path, sizeof(path), "%s/code", driver_state_dir(driver));
    dir = opendir(path);
    must(dir != NULL);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        count += strstr(e->d_name, ".tmp-") != NULL;
    must(closedir(dir) == 0);
    return count;
}

int main(int argc, char **argv)
{
    struct driver_options options = {.slots_max = 4};
    struct reason why = {0};
    struct driver *driver;

    if (argc < 4)
        return 2;
    driver = driver_new(&options, &why);
    if (!driver) {
        (void)fprintf(stderr, "unpack-run: %s\n", why.text);
        return 77;
    }
    for (int i = 3; i < argc; i++)
        unpack_one(driver, argv[i], strtoull(argv[2], NULL, 10), argv[1], i - 3);
    (void)printf("leftovers %d\n", count_leftovers(driver));
    (void)driver_free(driver);
    return 0;
}
