import { numberOption } from '../core/option-checks.js';
import type { ResumeStrategy } from '../core/resume.js';
import { InvalidOptionError } from '../errors.js';
import { continueFinalMessage } from './continue-final-message.js';

/**
 * The strategy that `resume` asks for, or `undefined` for none.
 *
 * @param once nothing is tried a second time
 * @throws InvalidOptionError
 */
export function resolveResumeOption(resume: unknown, once: boolean): ResumeStrategy | undefined {
  if (resume === undefined || resume === false) return undefined;
  if (once) {
    throw new InvalidOptionError(
      'resume',
      'needs `retry`: a continuation is an attempt under its budget',
      resume,
    );
  }
  if (resume === true) return continueFinalMessage();
  if (!isStrategy(resume)) {
    const rule = 'must be true, false or a strategy such as continueFinalMessage()';
    throw new InvalidOptionError('resume', rule, resume);
  }
  numberOption('resume.seams', resume.seams, 3, { integer: true, min: 1 });
  if (resume.accepts !== undefined && typeof resume.accepts !== 'function')
    throw new InvalidOptionError('resume.accepts', 'must be a function', resume.accepts);
  return resume;
}

function isStrategy(value: unknown): value is ResumeStrategy {
  return (
    typeof value === 'object' &&
    value !== null &&
    'continueFrom' in value &&
    typeof value.continueFrom === 'function'
  );
}
