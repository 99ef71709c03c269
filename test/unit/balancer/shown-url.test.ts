import { LoadBalancer } from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { shownUrl } from '../../../src/balancer/options/shown-url.js';

describe('An endpoint without an id', () => {
  it.each([
    'http://10.0.1.10:8000',
    'http://10.0.1.10:8000/',
    'https://api.example.com/v1',
    'https://api.example.com/v1beta2/',
    'https://api.example.com/openai/v1',
    'https://api.example.com/api',
  ])('is called by its url when that has nothing in its path but a version: %s', (url) => {
    expect(shownUrl(url)).toBe(url);
  });

  it('has a digest in its name for each part of the path that may be a key', () => {
    expect(shownUrl('https://api.example.com/keys/sk-123/v1')).toBe(
      'https://api.example.com/~6f35e639/~4949833f/v1',
    );
  });

  it('keeps it over restarts, and has another one than its neighbour at the same origin', async () => {
    const urls = ['a', 'b'].map((team) => ({ url: `http://127.0.0.1:9/${team}/v1` }));
    const named = async () => {
      await using balancer = new LoadBalancer({ endpoints: urls });
      return balancer.endpoints.map(({ id, url }) => ({ id, url }));
    };
    const first = await named();
    expect(first.map(({ url }) => url)).toEqual(urls.map(({ url }) => url));
    expect(new Set(first.map(({ id }) => id)).size).toBe(2);
    expect(await named()).toEqual(first);
  });
});
