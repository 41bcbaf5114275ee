/* SPDX-License-Identifier: Apache-2.0 */

#include "api/lambda/function_edit.h"

#include <errno.h>

#include "api/lambda/answers.h"
#include "api/lambda/service_internal.h"
#include "api/request.h"
#include "base/error.h"

bool function_settings_read(struct api_request *request, const struct lambda_service *service,
                            struct str function_name, enum name_access access,
                            void (*refuse_missing)(struct api_request *request,
                                                   const struct function_ref *ref),
                            struct function_ref *ret_ref, struct function_settings *ret_settings)
{
    int r;

    if (!name_resolve_unqualified(request, function_name, access, ret_ref))
        return false;
    r = catalog_get_settings(service->options.catalog, &ret_ref->id, &request->arena, ret_settings);
    if (r == CATALOG_NOT_FOUND)
        refuse_missing(request, ret_ref);
    else if (r < 0)
        api_fault_internal(request, err_pass(r));
    return r == CATALOG_OK;
}

void function_edit_init(struct function_edit *edit, struct api_request *request, void *context,
                        int (*apply)(const struct catalog_edit *edit, struct catalog_draft *draft),
                        void (*on_done)(struct function_edit *edit, int answer))
{
    edit->request = request;
    edit->service = context;
    edit->input.apply = apply;
    edit->on_done = on_done;
}

struct function_edit *function_edit_new(struct api_request *request, void *context,
                                        int (*apply)(const struct catalog_edit *edit,
                                                     struct catalog_draft *draft),
                                        void (*on_done)(struct function_edit *edit, int answer))
{
    struct function_edit *edit = arena_new(&request->arena, struct function_edit);

    if (!edit)
        api_fault_internal(request, err_new(-ENOMEM));
    else
        function_edit_init(edit, request, context, apply, on_done);
    return edit;
}

static void edit_done(struct function_edit *edit, int answer)
{
    catalog_change_deinit(&edit->change);
    edit->on_done(edit, answer);
}

static void on_edited(struct catalog_change *change, int answer)
{
    edit_done(container_of(change, struct function_edit, change), answer);
}

void function_edit_start(struct function_edit *edit)
{
    int r;

    edit->input.id = edit->ref.id;
    edit->change.on_done = on_edited;
    r = catalog_edit(edit->service->options.catalog, &edit->change, &edit->input);
    if (r != CATALOG_STARTED)
        edit_done(edit, r);
}

void function_edit_done_empty(struct function_edit *edit, int answer)
{
    if (answer == CATALOG_OK)
        api_reply(edit->request, NULL);
    else
        answer_refused(edit->request, &edit->ref, answer);
}
