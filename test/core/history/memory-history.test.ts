/** The history in memory does what every history does. */
import { MemoryHistory } from '../../../src/core/history/memory-history.ts'
import { RetentionBudget } from '../../../src/core/history/retention.ts'
import { historyCases } from '../../suite/history.ts'

historyCases('MemoryHistory', (clock) => {
  const retention = new RetentionBudget({
    keepMs: 120_000,
    maxBytes: 1e9,
    shareOf: (realm) => realm,
    maxBytesOf: () => 0,
  })
  return { history: new MemoryHistory(retention, clock.now, 1000), close: () => {} }
})
