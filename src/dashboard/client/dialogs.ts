/** Opens small pages, such as "Remove this?", in a dialog over the page; without it they are pages of their own. */
import { enhance } from './enhance.ts'

export function dialogs(): void {
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element && event.target.closest('a[data-dialog]')
    if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey)
      return
    event.preventDefault()
    void openDialog(link.href)
  })
}

async function openDialog(url: string): Promise<void> {
  const response = await fetch(url, { headers: { 'x-latchkey-part': 'dialog' } }).catch(
    () => undefined,
  )
  if (!response?.ok || response.redirected) {
    location.assign(url)
    return
  }
  // A second click opens no second dialog.
  if (document.querySelector('dialog[open]')) return
  const dialog = document.createElement('dialog')
  const inside = document.createElement('div')
  inside.className = 'dialog-body'
  inside.innerHTML = await response.text()
  dialog.append(inside)
  dialog.setAttribute('aria-label', dialog.querySelector('h2')?.textContent ?? 'Dialog')
  enhance(dialog)
  dialog.addEventListener('close', () => dialog.remove())
  dialog.addEventListener('click', (event) => {
    const isOutside = event.target === dialog
    const isCancel = event.target instanceof Element && event.target.closest('[data-cancel]')
    if (!isOutside && !isCancel) return
    event.preventDefault()
    dialog.close()
  })
  // The focus goes to the harmless button, so that Enter alone does nothing that cannot be undone.
  dialog.querySelector<HTMLElement>('[data-cancel]')?.setAttribute('autofocus', '')
  document.body.append(dialog)
  dialog.showModal()
}
