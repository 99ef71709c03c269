export { seededRandom } from '../core/seeded-random.js';
