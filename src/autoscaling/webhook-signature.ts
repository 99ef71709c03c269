/**
 * Signs as Standard Webhooks do (standardwebhooks.com), so that receivers can check with a library of their language:
 * HMAC-SHA256 over `id.timestamp.body`, in base64, after `v1,`.
 */
export interface WebhookSigner {
  /** @param timestamp seconds since the Unix epoch */
  sign(id: string, timestamp: number, body: string): Promise<string>;
}

/** @param secret `whsec_` and the key in base64, as the standard has it; any other text is taken as it is */
export function webhookSigner(secret: string): WebhookSigner {
  const encoder = new TextEncoder();
  const prefix = 'whsec_';
  const bytes = secret.startsWith(prefix)
    ? Buffer.from(secret.slice(prefix.length), 'base64')
    : encoder.encode(secret);
  const key = crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return {
    async sign(id, timestamp, body) {
      const signed = await crypto.subtle.sign(
        'HMAC',
        await key,
        encoder.encode(`${id}.${timestamp}.${body}`),
      );
      return `v1,${Buffer.from(signed).toString('base64')}`;
    },
  };
}
