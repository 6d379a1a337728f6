# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sources the files that set the variables
# Trace events: they prove that a fault happened, and to how many commands.

TRACING=/sys/kernel/tracing

# trace_event <event> <filter>: empties the trace and records the event
trace_event()
{
	local event=$TRACING/events/$1

	[ -d "$TRACING/events" ] || mount -t tracefs none "$TRACING"
	[ -d "$event" ] || skip_all "no $event (CONFIG_FTRACE, its module)"
	echo "$2" >"$event/filter"
	echo >"$TRACING/trace"
	echo 1 >"$event/enable"
	at_exit "echo 0 >$event/enable"
}

# trace_path_errors: records I/O commands that end with a path error, that is, with
# a status of type 3, without DNR; nvmet adds "more" to it
trace_path_errors()
{
	trace_event nvme/nvme_complete_rq \
		'qid > 0 && status & 0x100 && status & 0x200 && !(status & 0x4400)'
}

path_errors()
{
	grep -c nvme_complete_rq: "$TRACING/trace"
}

saw_path_errors()
{
	[ "$(path_errors)" -ge "$1" ] || {
		ktap_print_msg "path errors seen: $(path_errors)"
		return 1
	}
}

# target_answers <status>: records commands that the target answers with it
target_answers()
{
	trace_event nvmet/nvmet_req_complete "qid > 0 && status == $(($1))"
}

# trace_target_refusals: the same with all path errors
trace_target_refusals()
{
	trace_event nvmet/nvmet_req_complete \
		'qid > 0 && status & 0x100 && status & 0x200 && !(status & 0x4400)'
}

target_answered()
{
	grep -c nvmet_req_complete: "$TRACING/trace"
}

# target_counts <opcode>, target_counted: records such commands that reach it
target_counts()
{
	trace_event nvmet/nvmet_req_init "qid > 0 && opcode == $(($1))"
}

target_counted()
{
	grep -c nvmet_req_init: "$TRACING/trace"
}

# trace_sent, sent <n>: records I/O commands that are sent, until no_trace_sent
trace_sent()
{
	trace_event nvme/nvme_setup_cmd 'qid > 0'
}

sent()
{
	[ "$(grep -c nvme_setup_cmd: "$TRACING/trace")" -ge "$1" ]
}

no_trace_sent()
{
	echo 0 >"$TRACING/events/nvme/nvme_setup_cmd/enable"
}

# trace_passthru: empties the trace and records the events of the failover
trace_passthru()
{
	echo >"$TRACING/trace"
	echo 1 | tee "$TRACING"/events/nvme/nvme_passthru_*/enable >/dev/null
	at_exit "echo 0 | tee $TRACING/events/nvme/nvme_passthru_*/enable"
}

# traced <event> [text]: how often
traced()
{
	grep "nvme_passthru_$1:" "$TRACING/trace" | grep -c -e "${2:-}"
}
