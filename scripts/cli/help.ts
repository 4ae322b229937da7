/**
 * What `--help` prints.
 *
 * @module
 */

/** The help text. */
export const HELP = `Usage: partyline [options]

One party of a secure multi-party computation over HTTP.

Options:
  --rank=NUMBER       this party's rank, from 0
  --port=NUMBER       the port to listen on; 0 picks a free one; that of the own endpoint, or 8000,
                      when it is not given
  --host=ADDRESS      the address to listen on; 127.0.0.1 when it is not given
  --endpoints=URLS    the URLs of all parties by rank, with commas between; "-" reads them from the
                      first line of standard input, once this party listens
  --config=FILE       a JSON file that lists them: {"parties": [{"id": "...", "url": "..."}, ...]}
  --session=NAME      create this session; the job's name when it is not given
  --run=JOB           run a built-in job with the other parties, print the result and end
  --data=FILE         this party's rows for the job: a CSV file with a header line
  --column=NAME       the column that the job is about
  --timeout-ms=NUMBER how long to wait for a message; 120000 when it is not given
  --json              print one JSON object a line
  -v, --version       print the version
  -h, --help          print this help

Without --run the party serves until it is stopped by SIGINT (Ctrl-C) or SIGTERM. A second of them
ends it at once, with 1.

Jobs:
  hello   ranks 0 and 1 exchange a greeting and a response
  mean    the pooled count, mean and standard deviation of --column over every party's --data; only
          these totals are opened. A row counts as missing, and is left out, when its value is
          empty, NA, N/A, NaN or null. The standard deviation of one value is NaN, null with --json

Exit codes:
  0  done; also a party without --run that was stopped
  1  failed, with one line that says why; also a job that was stopped
  2  used wrongly

Example, in two terminals:
  partyline --rank=0 --run=hello --endpoints=http://127.0.0.1:8000,http://127.0.0.1:8001
  partyline --rank=1 --run=hello --endpoints=http://127.0.0.1:8000,http://127.0.0.1:8001`;
