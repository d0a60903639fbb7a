/** Apps whose time is over are removed by one node, whichever claims it. */
import { expect, test } from 'bun:test'
import { Handlers } from '../../../src/cluster/handlers.ts'
import { AppExpiry } from '../../../src/service/apps/app-expiry.ts'
import { eventually } from '../../support/client.ts'
import { TestCluster } from '../../support/cluster.ts'
import { ManualClock } from '../../support/clocks.ts'

type Parts = ConstructorParameters<typeof AppExpiry>[0]

function nodes() {
  const clock = new ManualClock()
  const cluster = new TestCluster(() => clock.elapsed())
  const removals: string[] = []
  let looks = 0
  const all = ['a', 'b'].map((name) => {
    const node = cluster.join(name, new Handlers())
    // What the look needs of these services, and nothing that it does not ask for.
    const apps = { removeExpired: () => [removals.push(name)] } as unknown as Parts['apps']
    const directory = { hasExpired: () => ++looks > 0 } as unknown as Parts['directory']
    return new AppExpiry({
      apps,
      directory,
      clock,
      once: (claim, keepMs) => node.once(claim, keepMs),
      onRemoved: () => {},
      onBug: (error) => {
        throw error
      },
    })
  })
  return { all, clock, cluster, looks: () => looks, removals }
}

test('of two that look at the same time one removes them', async () => {
  const { all, clock, looks, removals } = nodes()
  for (const one of all) one.start()
  await eventually(() => looks() >= 4, 'both have looked twice')
  expect(removals).toHaveLength(1)
  clock.advance(10_000)
  await eventually(() => removals.length > 1, 'the next look comes')
  for (const one of all) one.stop()
  expect(removals).toHaveLength(2)
})

test('none removes them while the others cannot be reached', async () => {
  const { all, cluster, looks, removals } = nodes()
  cluster.isAway = true
  for (const one of all) one.start()
  await eventually(() => looks() >= 4, 'both have looked twice')
  expect(removals).toHaveLength(0)
  cluster.isAway = false
  await eventually(() => removals.length > 0, 'one removes them')
  for (const one of all) one.stop()
})
