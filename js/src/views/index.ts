/** Written by `make messages` out of the files in this folder: do not edit. */
import "./atlas";
import "./cell_tab";
import "./compare";
import "./experiment_tabs";
import "./graph";
import "./image";
import "./units";
