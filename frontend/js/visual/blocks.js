// What can be put into a mail: in a column, or as a section of its own. The words are there to be written over.
const section = (inside, attributes = 'background-color="#ffffff"') => `<mj-section ${attributes}>${inside}</mj-section>`;
const column = (inside = "") => `<mj-column>${inside}</mj-column>`;
const text = (inside, attributes = 'font-size="16px" line-height="1.5"') => `<mj-text ${attributes}>${inside}</mj-text>`;
const button = (label, colour) => `<mj-button href="https://" background-color="${colour}" border-radius="6px" font-size="16px">${label}</mj-button>`;
const image = '<mj-image alt=""></mj-image>';

const social = (name, address) => `<a href="https://${address}">${name}</a>`;

export function blocks(colour) {
  const beside = (count) => section(Array(count).fill(column(text("<p>Write here.</p>"))).join(""));
  return {
    text: { inColumn: true, mjml: text("<p>Write here.</p>") },
    heading: { inColumn: true, mjml: text("<h2>A heading</h2>", 'font-size="20px" line-height="1.3"') },
    image: { inColumn: true, mjml: image },
    button: { inColumn: true, mjml: button("Read more", colour) },
    divider: { inColumn: true, mjml: '<mj-divider border-width="1px" border-color="#d9dde4"></mj-divider>' },
    spacer: { inColumn: true, mjml: '<mj-spacer height="24px"></mj-spacer>' },
    // Links of words: they show with pictures off, and ask nobody else's server for icons.
    social: {
      inColumn: true,
      mjml: text(
        `<p>${[social("Instagram", "www.instagram.com/"), social("Facebook", "www.facebook.com/"), social("LinkedIn", "www.linkedin.com/")].join(" · ")}</p>`,
        'align="center" font-size="14px" line-height="1.5"',
      ),
    },
    columns1: { mjml: beside(1) },
    columns2: { mjml: beside(2) },
    columns3: { mjml: beside(3) },
    product: {
      mjml: section(
        column(image) +
          column(text("<h3>Name of the product</h3><p>What is good about it, in a sentence.</p><p><strong>€ 0.00</strong></p>") + button("Buy it", colour)),
      ),
    },
    footer: {
      mjml: section(
        column(
          text(
            '<p>{{ account.name }}<br />{{ account.postal_address }}</p><p><a href="{{ unsubscribe_url }}">Unsubscribe</a> · <a href="{{ preferences_url }}">Preferences</a> · <a href="{{ view_url }}">View in browser</a></p>',
            'align="center" font-size="13px" line-height="1.6" color="#5b6472"',
          ),
        ),
        'background-color="#f4f5f7"',
      ),
    },
  };
}
