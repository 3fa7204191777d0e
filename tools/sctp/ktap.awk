# SPDX-License-Identifier: GPL-2.0
# Counts the results in the output of guest/tests.sh: prints "passed failed
# skipped" and, on lines of their own before that, what failed or was skipped.
# A test that reports no results of its own counts as one. One that promised
# more results than it gave, or that failed with all of them passed, counts as
# failed once more.

function open_test(title) {
	name = title
	given = good = failed = skipped = 0
	planned = -1
}

function bad(what) {
	total_failed++
	print "failed: " what
}

function close_test(outer_ok, outer_skip,  reason) {
	if (match($0, /# SKIP ./))
		reason = ": " substr($0, RSTART + 7)
	if (given == 0) {
		if (outer_skip) {
			total_skipped++
			print "skipped: " name reason
		} else if (outer_ok) {
			total_passed++
		} else {
			bad(name)
		}
	} else {
		if (planned >= 0 && given != planned)
			bad(name ": " planned " results planned, " given " given")
		else if (!outer_ok && failed == 0)
			bad(name ": failed as a whole")
	}
	seen++
	open_test("")
}

BEGIN { open_test(""); total_passed = total_failed = total_skipped = seen = 0; tests = -1 }

/^1\.\.[0-9]+/ { tests = substr($0, 4) + 0; next }
/^# selftests: / { open_test($NF); next }
/^# 1\.\.[0-9]+/ { planned = substr($0, 6) + 0; next }
/^# (not )?ok [0-9]+/ {
	given++
	text = $0
	sub(/^# (not )?ok [0-9]+ *(- )?/, "", text)
	if (text ~ /# *SKIP/) {
		skipped++
		total_skipped++
		print "skipped: " name ": " text
	} else if ($2 == "ok") {
		good++
		total_passed++
	} else {
		failed++
		bad(name ": " text)
	}
	next
}
/^(not )?ok [0-9]+ selftests: / { close_test($1 == "ok", $0 ~ /# SKIP/) }

END {
	if (tests < 0)
		bad("there are no results")
	else if (seen != tests)
		bad(tests " tests planned, " seen " run")
	print total_passed, total_failed, total_skipped
}
