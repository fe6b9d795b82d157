# Read by the other scripts: runs the parts of a longer check one after the
# other, failed or not, and says how long each took against what it may take.
# Too slow is a note, no failure.

failed=

part() { # part NAME SECONDS COMMAND...
	name=$1 budget=$2
	shift 2
	printf '\n== %s\n' "$name"
	began=$(date +%s)
	outcome=ok
	"$@" || outcome=FAILED
	took=$(($(date +%s) - began))
	[ "$outcome" = ok ] || failed="$failed $name;"
	[ "$took" -le "$budget" ] || outcome="$outcome, OVER ITS BUDGET"
	printf '== %s: %s, %d s of %d s\n' "$name" "$outcome" "$took" "$budget"
}

# verdict ends the script: its exit code is 1 if any part has failed.
verdict() {
	[ -n "$failed" ] || exit 0
	printf '\nfailed:%s\n' "$failed"
	exit 1
}

# ci: does this run for a continuous build, where nothing may be skipped?
ci() {
	case ${CI:-} in
	'' | 0 | false | no) return 1 ;;
	esac
}
