/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How an operation reads and changes what belongs to a function or to one of its qualifiers: what
 * all of them share. The operation embeds one in an object in the request's arena, fills in the
 * rule (input.apply, which finds its object with container_of) and how to answer.
 */

#include "api/lambda/names.h"
#include "catalog/catalog_edit.h"

struct api_request;
struct lambda_service;

struct function_edit {
    struct api_request *request;
    struct lambda_service *service;
    struct function_ref ref;
    struct catalog_edit input; /* apply; qualifier, when it has to be there */
    /* Answers the request. CATALOG_OK: the catalogue has the new settings. */
    void (*on_done)(struct function_edit *edit, int answer);

    /* private */
    struct catalog_change change;
};

/*
 * The settings of the function of that name, which may have no qualifier. False: the request has
 * been answered, by refuse_missing when there is no such function (answer_not_found() is one).
 */
bool function_settings_read(struct api_request *request, const struct lambda_service *service,
                            struct str function_name, enum name_access access,
                            void (*refuse_missing)(struct api_request *request,
                                                   const struct function_ref *ref),
                            struct function_ref *ret_ref, struct function_settings *ret_settings);

/* In the request's arena. NULL: out of memory, and the request has been answered. */
struct function_edit *function_edit_new(struct api_request *request, void *context,
                                        int (*apply)(const struct catalog_edit *edit,
                                                     struct catalog_draft *draft),
                                        void (*on_done)(struct function_edit *edit, int answer));
/* For an object that embeds one. */
void function_edit_init(struct function_edit *edit, struct api_request *request, void *context,
                        int (*apply)(const struct catalog_edit *edit, struct catalog_draft *draft),
                        void (*on_done)(struct function_edit *edit, int answer));

/* on_done is called once, possibly before this returns. */
void function_edit_start(struct function_edit *edit);

/* The usual end: an empty answer, or answer_refused(). */
void function_edit_done_empty(struct function_edit *edit, int answer);
