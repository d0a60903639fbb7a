/** Why the history could not be written. */
import { plainly, troubleOf } from '../../trouble.ts'

/** Says what is wrong with the disk or the file; holds nothing of what was to be written. */
export class HistoryFault extends Error {
  override readonly name = 'HistoryFault'
}

/** Whether trying again with less would be of no use. */
export function concernsDisk(error: unknown): boolean {
  return troubleOf(error) !== undefined
}

export function faultOf(error: unknown): HistoryFault {
  if (error instanceof HistoryFault) return error
  return new HistoryFault(`history.db cannot be written: ${plainly(error)}`, { cause: error })
}
