import { EvenkeelError } from '../errors.js';

/** The Kubernetes API refused a request, or gave no answer. The message is for people; it holds no credentials. */
export class KubernetesApiError extends EvenkeelError {
  /** HTTP status: 403, 409 … `undefined` when there was no answer. */
  readonly status: number | undefined;
  /** Kubernetes' own word for it: `Forbidden`, `Conflict`, `Expired` … */
  readonly reason: string | undefined;

  constructor(
    message: string,
    answer: { readonly status?: number; readonly reason?: string },
    options?: ErrorOptions,
  ) {
    super('KUBERNETES_API_FAILED', message, options);
    this.status = answer.status;
    this.reason = answer.reason;
  }
}

/** What the API says in a `Status` object, the body of its errors: `deployments.apps "llm" is forbidden: …`. */
export function refusalOf(call: string, status: number, body: string): KubernetesApiError {
  const { message, reason } = readStatus(body);
  return new KubernetesApiError(`${call} was answered ${status}: ${message ?? 'without a reason'}`, {
    status,
    reason,
  });
}

/** The `message` and `reason` of a `Status`, as far as the text is one. */
function readStatus(body: string): { readonly message?: string; readonly reason?: string } {
  try {
    const { message, reason } = (JSON.parse(body) ?? {}) as { message?: unknown; reason?: unknown };
    return {
      message: typeof message === 'string' ? message : undefined,
      reason: typeof reason === 'string' ? reason : undefined,
    };
  } catch {
    // A proxy's page, or nothing: the status says what there is to say.
    return {};
  }
}
