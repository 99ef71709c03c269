export * from './discovery-conformance.js';
export * from './fake-endpoint.js';
export * from './fake-request.js';
export * from './fake-situation.js';
export * from './manual-clock.js';
export * from './mock-llm-server.js';
export * from './policy-conformance.js';
export * from './seeded-random.js';
