# SPDX-License-Identifier: Apache-2.0
# Sourced by quickstart and check: steps with visible progress. Each step's full output goes to a log file; on a
# terminal its last line is shown while it runs, elsewhere a line per half minute says that it still does.

# step TITLE LOG COMMAND…: run it; its exit code. Prints "TITLE … done (N s)" or, on failure, the end of the log.
step() {
    local title=$1 log=$2 started=$SECONDS status=0
    shift 2
    mkdir -p "$(dirname "$log")"
    printf '%s …\n' "$title"
    "$@" >"$log" 2>&1 </dev/null &
    step_watch $! "$log" "$title"
    wait $! || status=$?
    if [ $status = 0 ]; then
        printf '  done (%s s)\n' $((SECONDS - started))
    else
        printf '  failed (%s s); the end of %s:\n' $((SECONDS - started)) "$log"
        tail -n "${STEP_TAIL:-25}" "$log" | sed 's/^/  | /'
    fi
    return $status
}

step_watch() {
    local pid=$1 log=$2 title=$3 said=$SECONDS width
    width=$(tput cols 2>/dev/null || echo 80)
    while kill -0 "$pid" 2>/dev/null; do
        if [ -t 1 ]; then
            printf '\r\033[K  %s' "$(tail -c 400 "$log" 2>/dev/null | tr '\r' '\n' | tail -n 1 |
                tr -cd '[:print:]' | cut -c "1-$((width - 4))")"
        elif [ $((SECONDS - said)) -ge 30 ]; then
            said=$SECONDS
            printf '  still at it: %s\n' "$(tail -n 1 "$log" 2>/dev/null | tr -cd '[:print:]' | cut -c 1-100)"
        fi
        sleep 0.3
    done
    [ ! -t 1 ] || printf '\r\033[K'
}
