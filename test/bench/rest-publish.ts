/** Publishing over REST as SDKs do, against a bare handler that parses the body and answers the same bytes. */
import { type Authorizations, makeCredentials } from './app.ts'
import type { Benchmark, Metric, Sample, Scale, Session, Variant } from './benchmark.ts'
import { appMessage, publishAnswer } from './payload.ts'
import { ask } from './poster.ts'
import { publishRequest } from './rest-publisher.ts'
import { type ServerProcess, startServer } from './server.ts'
import { startWatch, Tally } from './stopwatch.ts'

const CHANNEL = 'bench'
const MESSAGE = appMessage(200)
/** Of the seconds that the scale gives. */
const PART = 2
const WARM_UP = 6

const METHODS = ['key', 'token', 'jwt'] as const
type Method = (typeof METHODS)[number]

const LABELS: Readonly<Record<Method, string>> = {
  key: 'Basic, with a key',
  token: 'native token',
  jwt: 'JWT',
}

export const restPublish: Benchmark = {
  name: 'rest-publish',
  summary: 'POST of one message in 200 bytes of JSON, 32 connections kept alive, nobody attached',
  metrics: METHODS.flatMap((method): Metric[] => [
    {
      key: `${method}Rate`,
      better: 'more',
      label: `${LABELS[method]}: k requests/s`,
      digits: 1,
      ...(method === 'key' && { target: { of: 'ratio', is: 'at least', limit: 0.5 } }),
    },
    {
      key: `${method}Cpu`,
      better: 'less',
      label: `${LABELS[method]}: server CPU s per million`,
      digits: 1,
    },
    { key: `${method}Load`, label: `${LABELS[method]}: load of the server`, digits: 2 },
  ]),
  parts: 4,
  open,
}

async function open(variant: Variant, scale: Scale): Promise<Session> {
  let credentials: Authorizations | undefined
  const server = await startServer(variant, {
    prepare: async (data) => {
      credentials = await makeCredentials(data)
    },
  })
  const requests = requestsWith(credentials!)
  await probe(server, requests.key)
  const post = (method: Method, seconds: number) =>
    ask(server.port, [requests[method]], 201, seconds)
  for (const method of METHODS) await post(method, scale.seconds * WARM_UP)
  const tallies = { key: new Tally(), token: new Tally(), jwt: new Tally() }
  return {
    part: async () => {
      for (const method of METHODS) {
        const stop = startWatch(server)
        const count = await post(method, scale.seconds * PART)
        tallies[method].add(count, stop())
      }
    },
    sample: () => sample(tallies),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

function sample(tallies: Readonly<Record<Method, Tally>>): Sample {
  return Object.fromEntries(
    METHODS.flatMap((method) => [
      [`${method}Rate`, tallies[method].perSecond / 1000],
      [`${method}Cpu`, tallies[method].cpuEach * 1e6],
      [`${method}Load`, tallies[method].load],
    ]),
  )
}

function requestsWith(credentials: Authorizations): Readonly<Record<Method, Uint8Array>> {
  const request = (authorization: string) => publishRequest(CHANNEL, authorization, MESSAGE)
  return {
    key: request(credentials.key),
    token: request(credentials.token),
    jwt: request(credentials.jwt),
  }
}

/** Publishes once and checks that the answer has the length that the bare server's has. */
async function probe({ port }: ServerProcess, request: Uint8Array): Promise<void> {
  const answer = Promise.withResolvers<string>()
  const connection = await Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: { data: (_, chunk) => answer.resolve(chunk.toString()) },
  })
  connection.write(request)
  const text = await answer.promise
  connection.terminate()
  const expected = publishAnswer(CHANNEL)
  if (shape(text.slice(-expected.length)) !== shape(expected))
    throw new Error(`not the answer that is to be counted: ${text}`)
}

/** Without what differs from one answer to the next. */
function shape(answer: string): string {
  return answer
    .replace(/"messageId":"[\w-]{12}"/, '')
    .replace(/\["\d{14}-\d{3}@\w{10}:\d{3}"\]/, '')
}
