import { GPU_KINDS } from '../simulation/replica/gpu-kinds.js';
import { TRACE_SHAPES } from '../simulation/trace/trace-shapes.js';
import { POLICIES } from './named-policies.js';

/** For `evenkeel --help`. */
export const USAGE = `evenkeel simulate [TRACE] [options]

Runs a trace of requests through evenkeel over modelled GPU servers, in virtual time, and compares policies.

TRACE is a file: CSV with TIMESTAMP,ContextTokens,GeneratedTokens (Azure LLM inference), or JSON Lines with
timestamp, input_length, output_length, hash_ids (Mooncake). Without it a trace is generated.

  --fleet LIST       model servers, with the weights the balancer is told: a100:3,t4x2. Kinds: ${Object.keys(GPU_KINDS).join(', ')}.
                     "a100:capacity" has the weight it deserves. Default a100:3,t4,t4
  --policies LIST    of ${Object.keys(POLICIES).join(', ')},
                     or a file whose default export makes one (./mine.js). "@capacity" and "@equal" after a name
                     replace the weights for that one. Default: all of them, and least-outstanding@capacity
  --load SHARE       requests over what the fleet can do; the trace is run faster or slower. "trace": as it is.
                     Default 0.8
  --clients N        independent clients, each with a balancer of its own. Default 1
  --seeds N          runs of each policy; figures are medians. Default 1
  --requests N       only the first N requests of the trace. Default: all; 10000 of a generated one
  --shape NAME       of the generated trace: ${Object.keys(TRACE_SHAPES).join(', ')}. Default chat
  --first-token MS   what counts as good: the first token within it. Default 2000
  --token-interval MS  and each token after it within this, on average. Default 100
  --json FILE        writes every figure as JSON
  --html FILE        writes a page with charts; it needs nothing else
  --quiet            no progress bar

evenkeel top URL [options]

Follows the dashboard at URL (dashboardHandler of evenkeel/dashboard) and shows its endpoints as a live table, with
what happens below it where there is room; plain tables where the output is no terminal. A dashboard that was there
and has gone is asked for again each second. Ends when the balancer is closed, or with Ctrl-C.

  --header "N: V"    a header to be let in with: "authorization: Bearer …". May be given again
  --once             one table after a second, then the end
`;
