// In the account's own page: gives each frame of a hosted form the height that its content asks for.
addEventListener("message", (event) => {
  if (event.data?.emailconcert !== "height") return;
  const height = Number(event.data.height);
  for (const frame of document.querySelectorAll("iframe[data-emailconcert]")) {
    // Only the frame itself may say how tall it is, and never absurdly so.
    if (frame.contentWindow === event.source && height > 0 && height < 10000) frame.style.height = `${height}px`;
  }
});
