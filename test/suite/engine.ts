/** What holds on every engine, seen by real clients: some of them on one node, the others on another where there are two. */
import { afterAll, afterEach, beforeAll, describe } from 'bun:test'
import { type SuiteEngine, startNodes } from '../support/engines/nodes.ts'
import { EngineClients } from './engine-clients.ts'
import { engineChangeCases } from './engine-change-cases.ts'
import { engineCommonsCases } from './engine-commons-cases.ts'
import { engineMessageCases } from './engine-message-cases.ts'
import { engineObjectCases } from './engine-object-cases.ts'
import { enginePresenceCases } from './engine-presence-cases.ts'

export function engineCases(name: SuiteEngine): void {
  describe(`on the ${name} engine`, () => {
    const clients = new EngineClients()
    beforeAll(async () => {
      clients.nodes = await startNodes(name)
    })
    afterEach(() => clients.endClients())
    afterAll(() => clients.nodes.end())

    describe('messages', () => engineMessageCases(clients))
    describe('changes and annotations', () => engineChangeCases(clients))
    describe('live objects', () => engineObjectCases(clients))
    describe('presence', () => enginePresenceCases(clients))
    describe('the commons', () => engineCommonsCases(clients))
  })
}
