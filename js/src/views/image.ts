import { ImageView } from "../components/image/ImageView";
import { IMAGE_VIEW, OpenImage } from "../image/open_image";
import { registerView } from "../store/view_registry";

registerView({
  name: IMAGE_VIEW,
  title: "Image",
  makeState: (kernel) => new OpenImage(kernel),
  Component: ImageView,
});
