/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Run one program in a box, by hand: box-run PROGRAM [NAME=VALUE …]. PROGRAM becomes the bootstrap
 * of a custom runtime. Prints its log and how it ended. Environment: LAMBD_JAIL, LAMBD_UNPACK,
 * LAMBD_RUNTIMES.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

int main(int argc, char **argv)
{
    static char text[1 << 20];
    char environment[8192];
    size_t len = 0;
    struct driver_options options = {.slots_max = 4};
    struct reason why = {0};
    struct driver *driver = driver_new(&options, &why);
    struct sandbox_spec spec = {
        .runtime = SANDBOX_RUNTIME_PROVIDED, .memory_mb = 256, .tmp_mb = 512};
    struct box_run run;

    if (argc < 2 || !driver) {
        (void)fprintf(stderr, "box-run: %s\n", why.text);
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        size_t n = strlen(argv[i]) + 1;

        if (len + n > sizeof(environment))
            return 2;
        memcpy(environment + len, argv[i], n);
        len += n;
    }
    spec.code = driver_add_package(driver, argv[1]);
    box_run_new(&run, driver, &spec);
    box_run_start(&run, environment, len);
    (void)box_run_wait(&run, &run.is_started);
    (void)box_run_read_log(&run, text, sizeof(text));
    (void)box_run_wait(&run, &run.is_exited);
    (void)printf("%s-- status 0x%x%s%s%s\n", text, run.exit.wait_status,
                 run.exit.out_of_memory ? ", out of memory" : "", run.is_failed ? ", failed: " : "",
                 run.is_failed ? run.why.text : "");
    (void)printf("-- peak %lu bytes\n", sandbox_memory_peak_bytes(run.sandbox));
    box_run_free(&run);
    (void)driver_free(driver);
    return 0;
}
