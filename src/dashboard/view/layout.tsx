/** The frame of a page: menu, heading, what happened last, and the page itself. */
/** @jsxImportSource hono/jsx */
import type { Child } from 'hono/jsx'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { THEME, themeOf } from '../cookies.ts'
import { MENU, type MenuItem } from '../menu.ts'
import { takeNotices } from '../notices.ts'
import { mayGovernServer } from '../access.ts'
import { type PageRequest, currentPath } from '../page-request.ts'
import { accountText } from '../format.ts'
import { type DocumentHead, documentText, partText } from './document.tsx'
import { Form } from './forms.tsx'
import { Icon } from './icons.tsx'
import { useHref, usePage } from './page-context.ts'
import { Notice, Secret } from './components.tsx'

export interface PageHead extends DocumentHead {
  /** The menu item that the page belongs to, by its path. */
  readonly section?: string
  /** One sentence under the heading. */
  readonly lead?: Child
  /** What the page is below: titles and paths, outermost first. */
  readonly crumbs?: readonly (readonly [title: string, path: string])[]
  /** Buttons beside the heading. */
  readonly actions?: Child
  readonly status?: ContentfulStatusCode
}

/** Header of a script's request for a part of a page instead of the whole. */
const PART = 'x-latchkey-part'

/** Whether a script asks for a part, to show it in the open page. */
export function isPartAsked(page: PageRequest): boolean {
  return page.req.header(PART) !== undefined
}

/** Answers with a piece of a page, for a script to put into its place. */
export function showPart(page: PageRequest, body: Child): Response | Promise<Response> {
  return page.html(partText(page, body))
}

/**
 * Answers with a page for somebody who is signed in; where a script asked for it to stand in a dialog, with
 * heading and body alone.
 */
export function show(page: PageRequest, head: PageHead, body: Child): Response | Promise<Response> {
  if (page.req.header(PART) === 'dialog') {
    const part = (
      <div class="stack">
        <h2>{head.title}</h2>
        {head.lead && <p class="faint">{head.lead}</p>}
        {body}
      </div>
    )
    return page.html(partText(page, part), head.status ?? 200)
  }
  const frame = (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <Side section={head.section} />
      <main class="main" id="main" tabindex={-1}>
        <Notices />
        <header class="head">
          <div class="head-text">
            {head.crumbs && <Crumbs crumbs={head.crumbs} />}
            <h1>{head.title}</h1>
            {head.lead && <p>{head.lead}</p>}
          </div>
          {head.actions && <div class="row">{head.actions}</div>}
        </header>
        {body}
      </main>
    </div>
  )
  return page.html(documentText(page, head, frame), head.status ?? 200)
}

/** Answers with a page for somebody who is not signed in: one thing in the middle. */
export function showSignedOut(
  page: PageRequest,
  head: DocumentHead & { readonly status?: ContentfulStatusCode },
  body: Child,
): Response | Promise<Response> {
  const frame = (
    <div class="door">
      <header>
        <Brand />
      </header>
      <main id="main" class="card">
        <div class="card-body stack">
          <h1>{head.title}</h1>
          {body}
        </div>
      </main>
    </div>
  )
  return page.html(documentText(page, head, frame), head.status ?? 200)
}

function Brand() {
  return (
    <a class="brand" href={useHref('/')}>
      <Icon name="key" size={22} />
      Latchkey
    </a>
  )
}

function Side({ section }: { section: string | undefined }) {
  const page = usePage()
  const isShown = ({ isOwners }: MenuItem) => isOwners !== true || mayGovernServer(page)
  return (
    <header class="side">
      <div class="side-stay">
        <div class="side-head">
          <Brand />
        </div>
        <details class="side-fold" data-wide-open>
          <summary class="button quiet square">
            <Icon name="menu" />
            <span class="aside">Menu</span>
          </summary>
          <div class="side-body">
            <nav aria-label="Dashboard">
              {MENU.map(({ title, items }) => (
                <div class="menu">
                  {title && <div class="menu-title">{title}</div>}
                  {items.filter(isShown).map((item) => (
                    <MenuLink item={item} isCurrent={item.path === section} />
                  ))}
                </div>
              ))}
            </nav>
            <Foot section={section} />
          </div>
        </details>
      </div>
    </header>
  )
}

function MenuLink({ item, isCurrent }: { item: MenuItem; isCurrent: boolean }) {
  return (
    <a href={useHref(item.path)} {...(isCurrent && { 'aria-current': 'page' })}>
      <Icon name={item.icon} />
      {item.title}
    </a>
  )
}

function Foot({ section }: { section: string | undefined }) {
  const page = usePage()
  const { signedIn } = page.var
  const theme = themeOf(page)
  return (
    <div class="side-foot">
      {signedIn && (
        <div class="whoami small">
          <strong>{signedIn.person.email}</strong>
          <span class="faint">
            {signedIn.role} of {accountText(signedIn.account)}
          </span>
        </div>
      )}
      <div class="menu">
        <MenuLink
          item={{ path: '/account', title: 'Account', icon: 'person' }}
          isCurrent={section === '/account'}
        />
        <Form action="/theme">
          <input type="hidden" name="back" value={currentPath(page)} />
          <button
            name="theme"
            value={theme === 'dark' ? 'light' : 'dark'}
            data-theme-switch={THEME}
          >
            <Icon name="sun" />
            Light or dark
          </button>
        </Form>
        <Form action="/sign-out">
          <button>
            <Icon name="leave" />
            Sign out
          </button>
        </Form>
      </div>
    </div>
  )
}

function Crumbs({ crumbs }: { crumbs: NonNullable<PageHead['crumbs']> }) {
  return (
    <nav class="crumbs" aria-label="Above this page">
      {crumbs.map(([title, path]) => (
        <>
          <a href={useHref(path)}>{title}</a>
          <span aria-hidden="true">/</span>
        </>
      ))}
    </nav>
  )
}

function Notices() {
  const notices = takeNotices(usePage())
  if (notices.length === 0) return <div class="notices" role="status" hidden></div>
  return (
    <div class="notices stack tight" role="status">
      {notices.map(({ tone, text, secret }) => (
        <Notice tone={tone}>
          {text}
          {secret !== undefined && <Secret text={secret} label="the secret" />}
        </Notice>
      ))}
    </div>
  )
}
