/** "Does it work from here?": opens a socket to the server through whatever lies between, and says how far it came. */
const TIMEOUT_MS = 8000

type Say = (tone: 'good' | 'bad' | 'wait', text: string) => void

export function checks(): void {
  const button = document.querySelector<HTMLButtonElement>('[data-check]')
  const list = document.getElementById('checks')
  if (!button || !list) return
  button.hidden = false
  button.addEventListener('click', () => {
    button.disabled = true
    list.replaceChildren()
    void run(button.dataset['check'] ?? '', sayer(list)).finally(() => (button.disabled = false))
  })
}

function sayer(list: HTMLElement): Say {
  return (tone, text) => {
    list.querySelector('.wait')?.remove()
    const item = document.createElement('li')
    item.className = tone
    item.textContent = text
    list.append(item)
  }
}

async function run(url: string, say: Say): Promise<void> {
  say('wait', 'Asking over HTTP…')
  const health = await timed(fetch(`${url}/health`, { cache: 'no-store' })).catch(() => undefined)
  if (!health?.value.ok) {
    say('bad', 'HTTP does not reach the server: something in between answers, or nothing does.')
    return
  }
  say('good', `HTTP answers after ${health.ms} ms.`)
  say('wait', 'Opening a WebSocket…')
  const room = `latchkey-check-${crypto.randomUUID()}`
  await echo(`${url.replace(/^http/, 'ws')}/c/${room}?echo=true`, say)
}

/** Sends to itself by echo; where only reserved channels may be used, the refusal shows that it got through. */
async function echo(url: string, say: Say): Promise<void> {
  const socket = new WebSocket(url)
  try {
    const opened = await timed(next(socket, 'open'))
    say('good', `A WebSocket opens after ${opened.ms} ms.`)
    const answered = next(socket, 'message', ({ data }) => String(data).includes('"ping"'))
    socket.send(JSON.stringify('ping'))
    const answer = await timed(answered)
    say('good', `A message is there and back after ${answer.ms} ms.`)
  } catch {
    say(
      'bad',
      'No WebSocket: a proxy in between does not pass upgrades on, --allowed-origins does not name the address of this page, or channels must be reserved here. On the server, latchkey doctor says which.',
    )
  } finally {
    socket.close()
  }
}

function next(
  socket: WebSocket,
  kind: 'open' | 'message',
  fits: (event: MessageEvent) => boolean = () => true,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.addEventListener(kind, (event) => {
    if (kind === 'open' || fits(event as MessageEvent)) resolve()
  })
  socket.addEventListener('close', () => reject(new Error('closed')))
  setTimeout(() => reject(new Error('too slow')), TIMEOUT_MS)
  return promise
}

async function timed<T>(work: Promise<T>): Promise<{ value: T; ms: number }> {
  const start = performance.now()
  const value = await work
  return { value, ms: Math.round(performance.now() - start) }
}
