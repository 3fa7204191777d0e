# SPDX-License-Identifier: GPL-2.0
# The output of guest/tests.sh for someone who waits: a line for each test
# program, and all that was said about a result that is not "ok".

function forget() {
	lines = 0
}

function recall(  i) {
	for (i = 0; i < lines; i++)
		print said[i]
	forget()
}

verbose != "" { print; fflush(); next }
/^# selftests: / { good = 0; forget(); next }
/^# ok [0-9]+/ { good++; forget(); next }
/^# not ok [0-9]+/ { recall(); print; fflush(); next }
/^ok [0-9]+ selftests: / { print $0 ", " good " ok"; forget(); fflush(); next }
/^not ok [0-9]+ selftests: / { recall(); print; fflush(); next }
/^# / { said[lines++] = $0; next }
{ print; fflush() }
