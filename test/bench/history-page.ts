/** Reading a long history page by page, against a bare handler that has the items of each page at hand as objects. */
import { makeCredentials } from './app.ts'
import type { Benchmark, Metric, Sample, Scale, Session, Variant } from './benchmark.ts'
import { appMessage, historyPage } from './payload.ts'
import { ask, requestText } from './poster.ts'
import { runCommand, type ServerProcess, startServer } from './server.ts'
import { startWatch, Tally } from './stopwatch.ts'

const PAGES = 100
const PAGE = 100
const MESSAGE = appMessage(200)
/** Of the seconds that the scale gives. */
const PART = 2
const WARM_UP = 4

/** By where the messages are: the rule for names that begin with `kept` says that those are on disk. */
const CHANNELS = { memory: 'bench', disk: 'kept:bench' } as const
type Place = keyof typeof CHANNELS
const PLACES = ['memory', 'disk'] as const

const LABELS: Readonly<Record<Place, string>> = { memory: 'in memory', disk: 'persisted' }

export const history: Benchmark = {
  name: 'history-page',
  summary: 'all 100 pages of a history of 10,000 messages of 200 bytes, 32 connections kept alive',
  metrics: PLACES.flatMap((place): Metric[] => [
    { key: `${place}Rate`, better: 'more', label: `${LABELS[place]}: k pages/s`, digits: 2 },
    {
      key: `${place}Cpu`,
      better: 'less',
      label: `${LABELS[place]}: server CPU s per million`,
      digits: 0,
    },
    { key: `${place}Load`, label: `${LABELS[place]}: load of the server`, digits: 2 },
  ]),
  parts: 4,
  open,
}

async function open(variant: Variant, scale: Scale): Promise<Session> {
  let authorization = ''
  const server = await startServer(variant, {
    prepare: async (data) => {
      authorization = (await makeCredentials(data)).key
      await runCommand(data, 'rules', 'add', 'kept', '--persisted')
    },
  })
  const requests = {
    memory: await requestsFor(variant, server, authorization, CHANNELS.memory),
    disk: await requestsFor(variant, server, authorization, CHANNELS.disk),
  }
  const read = (place: Place, seconds: number) => ask(server.port, requests[place], 200, seconds)
  for (const place of PLACES) await read(place, scale.seconds * WARM_UP)
  const tallies = { memory: new Tally(), disk: new Tally() }
  return {
    part: async () => {
      for (const place of PLACES) {
        const stop = startWatch(server)
        const count = await read(place, scale.seconds * PART)
        tallies[place].add(count, stop())
      }
    },
    sample: () => sample(tallies),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

function sample(tallies: Readonly<Record<Place, Tally>>): Sample {
  return Object.fromEntries(
    PLACES.flatMap((place) => [
      [`${place}Rate`, tallies[place].perSecond / 1000],
      [`${place}Cpu`, tallies[place].cpuEach * 1e6],
      [`${place}Load`, tallies[place].load],
    ]),
  )
}

/** A request for each page. The bare server gives its pages in turn, whatever it is asked for. */
async function requestsFor(
  variant: Variant,
  server: ServerProcess,
  authorization: string,
  channel: string,
): Promise<readonly Uint8Array[]> {
  const path = `/channels/${encodeURIComponent(channel)}/messages`
  const walk = new Walk(`http://127.0.0.1:${server.port}${path}`, authorization)
  if (variant.kind === 'ours') await walk.fill()
  const queries =
    variant.kind === 'ours' ? await walk.queries() : Array(PAGES).fill(`limit=${PAGE}`)
  const headers = {
    Accept: 'application/json',
    'X-Ably-Version': '6',
    'Ably-Agent': 'ably-js/2.28.0 bun',
    Authorization: authorization,
  }
  return queries.map((query) => requestText(`GET ${path}?${query}`, headers))
}

class Walk {
  readonly #url: string
  readonly #headers: Record<string, string>

  constructor(url: string, authorization: string) {
    this.#url = url
    this.#headers = { authorization, 'content-type': 'application/json' }
  }

  /** Publishes as many messages at once as a page has, so that all pages are alike. */
  async fill(): Promise<void> {
    const body = `[${Array(PAGE).fill(MESSAGE).join()}]`
    for (let page = 0; page < PAGES; page++) {
      const answer = await fetch(this.#url, { method: 'POST', headers: this.#headers, body })
      if (answer.status !== 201) throw new Error(`messages were refused: ${await answer.text()}`)
    }
  }

  /** The query of every page, as the links say. Fails unless the pages are as long as the bare server's. */
  async queries(): Promise<readonly string[]> {
    const queries: string[] = []
    const expected = JSON.stringify(historyPage(PAGE)).length
    let next: string | undefined = `limit=${PAGE}`
    while (next !== undefined) {
      queries.push(next)
      const answer: Response = await fetch(`${this.#url}?${next}`, { headers: this.#headers })
      const text = await answer.text()
      if (text.length !== expected)
        throw new Error(`not the page that is to be counted: ${text.slice(0, 400)}`)
      next = /<\.\/messages\?([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1]
    }
    if (queries.length !== PAGES) throw new Error(`${queries.length} pages and not ${PAGES}`)
    return queries
  }
}
