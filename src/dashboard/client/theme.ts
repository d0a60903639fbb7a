/** Light or dark without leaving the page; what the system wants anyway is not kept, so that it is followed. */
const YEAR_S = 31_536_000

export function theme(): void {
  const button = document.querySelector<HTMLButtonElement>('[data-theme-switch]')
  const system = matchMedia('(prefers-color-scheme: dark)')
  button?.form?.addEventListener('submit', (event) => {
    event.preventDefault()
    const { dataset } = document.documentElement
    const usual = system.matches ? 'dark' : 'light'
    const wanted = (dataset['theme'] ?? usual) === 'dark' ? 'light' : 'dark'
    if (wanted === usual) delete dataset['theme']
    else dataset['theme'] = wanted
    const kept = wanted === usual ? 'max-age=0' : `max-age=${YEAR_S}`
    // The cookie that the form would have the server set.
    document.cookie = `${button.dataset['themeSwitch']}=${wanted}; path=/; samesite=lax; ${kept}`
  })
}
