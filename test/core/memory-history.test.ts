/** The history in memory does what every history does. */
import { MemoryHistory } from '../../src/core/memory-history.ts'
import { RetentionQueue } from '../../src/core/retention.ts'
import { historyCases } from '../suite/history.ts'

historyCases('MemoryHistory', (clock) => {
  const queue = new RetentionQueue({ keepMs: 120_000, maxBytes: 1e9 })
  return { history: new MemoryHistory(queue, clock.now, 1000), close: () => {} }
})
